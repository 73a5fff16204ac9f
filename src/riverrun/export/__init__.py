"""Models for other programs: step graphs in ONNX, built node by node. Needs the extra ``riverrun[export]``."""
