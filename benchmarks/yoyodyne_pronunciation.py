"""yoyodyne's soft-attention LSTM on pronunciations: hidden 256, embedding 128, batch 64, Adam at its defaults.

Trains for some epochs or seconds, then predicts the development words greedily in batches of three sizes, and some of
them with a beam of 4. Prints one JSON line: training pairs a second and seconds, words a second of the fastest batch
size (starting up and loading the first batch are not counted), and the share of words that are right (greedy).

    python yoyodyne_pronunciation.py train.tsv dev.tsv --weights FILE [--epochs N | --seconds S]

Weights that are there already are trained further.
"""

import argparse
import json
import logging
import tempfile
import time
import warnings
from pathlib import Path

import lightning
import torch
from yoyodyne import data, models, trainers
from yoyodyne.models import modules

HIDDEN, EMBEDDING, BATCH = 256, 128, 64
BATCHES = (64, 256, 1000)  # of predictions
BEAM, WITH_BEAM = 4, 64  # its width, and how many words are predicted with it
WARMING_UP = 5  # batches that are not timed


class Watch(lightning.Callback):
    """Times training batches, the wait for each included, and predictions; keeps what is predicted."""

    def __init__(self, mapper: data.Mapper, limit: float | None) -> None:
        self.mapper, self.limit = mapper, limit
        self.batches, self.pairs, self.seconds, self.begun = 0, 0, 0.0, 0.0
        self.outputs: list[str] = []

    def on_train_epoch_start(self, trainer, module) -> None:
        self.begun = time.perf_counter()

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx) -> None:
        now = time.perf_counter()
        self.batches += 1
        if self.batches > WARMING_UP:
            self.seconds += now - self.begun
            self.pairs += len(batch)
        self.begun = now
        if self.limit is not None and self.seconds > self.limit:
            trainer.should_stop = True

    def on_predict_batch_start(self, trainer, module, batch, batch_idx, dataloader_idx=0) -> None:
        if not batch_idx:
            self.outputs.clear()
            self.begun = time.perf_counter()

    def on_predict_batch_end(self, trainer, module, outputs, batch, batch_idx, dataloader_idx=0) -> None:
        best = [beam[0] for beam in outputs[0]] if module.beam_width > 1 else outputs
        self.outputs += [" ".join(self.mapper.decode_target(output)) for output in best]
        self.seconds = time.perf_counter() - self.begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    parser.add_argument("dev")
    parser.add_argument("--epochs", type=int, default=-1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--weights", type=Path, required=True)
    arguments = parser.parse_args()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    lightning.seed_everything(0, verbose=False)
    with tempfile.TemporaryDirectory() as folder:
        common = {"model_dir": folder, "target_sep": " "}
        training = data.DataModule(train=arguments.train, batch_size=BATCH, **common)
        model = models.SoftAttentionLSTMModel(
            source_encoder=modules.LSTMEncoder(hidden_size=HIDDEN, embedding_size=EMBEDDING),
            decoder_hidden_size=HIDDEN,
            embedding_size=EMBEDDING,
            target_vocab_size=training.target_vocab_size,
            vocab_size=training.vocab_size,
        )
        watch = Watch(data.Mapper(training.index), arguments.seconds)
        trainer = trainers.Trainer(
            max_epochs=arguments.epochs,
            accelerator="cpu",
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[watch],
        )
        if arguments.weights.exists():
            model.load_state_dict(torch.load(arguments.weights))
        trainer.fit(model, training)
        trained = watch.pairs, watch.seconds
        torch.save(model.state_dict(), arguments.weights)
        speeds = {}
        for batch in BATCHES:
            trainer.predict(model, data.DataModule(predict=arguments.dev, batch_size=batch, **common))
            speeds[batch] = len(watch.outputs) / watch.seconds
        rows = Path(arguments.dev).read_text(encoding="utf-8").splitlines()
        right = sum(output == row.split("\t")[1] for output, row in zip(watch.outputs, rows, strict=True))
        some = Path(folder) / "some.tsv"
        some.write_text("\n".join(rows[:: len(rows) // WITH_BEAM][:WITH_BEAM]) + "\n", encoding="utf-8")
        model.beam_width = BEAM
        trainer.predict(model, data.DataModule(predict=str(some), batch_size=WITH_BEAM, **common))
    figures = {
        "pairs_per_second": trained[0] / trained[1],
        "seconds": trained[1],
        "words_per_second": {"1": max(speeds.values()), str(BEAM): len(watch.outputs) / watch.seconds},
        "batch": max(speeds, key=speeds.__getitem__),
        "exact_match": right / len(rows),
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "threads": torch.get_num_threads(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
