"""How all pages look: one calm style for light and dark, for phones and wide windows, on paper."""

STYLE = """
:root { color-scheme: light dark; --ground: #fdfcf9; --ink: #24231f; --quiet: #6d6a62; --line: #dedacf;
  --raised: #f4f1e9; --mark: 196, 77, 44; --look: 31, 92, 153;
  --c0: #a8572f; --c1: #1f5c99; --c2: #4c7a34; --c3: #7a4a86; }
@media (prefers-color-scheme: dark) { :root { --ground: #1b1b19; --ink: #e4e0d6; --quiet: #a09b8f; --line: #3a3832;
  --raised: #252421; --mark: 226, 104, 66; --look: 104, 164, 224;
  --c0: #e08a5c; --c1: #7db4e8; --c2: #9ac47f; --c3: #c79ad2; } }
* { box-sizing: border-box; }
body { font: 1.0625rem/1.6 Charter, "Bitstream Charter", Georgia, serif; color: var(--ink); background: var(--ground);
  max-width: 66rem; margin: 2.5rem auto 5rem; padding: 0 1.25rem; }
h1, h2, h3, summary, th, figcaption, .key, .ticks, .quiet { font-family: system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 1.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .75rem; }
h3 { font-size: .95rem; margin: 1.5rem 0 .5rem; font-weight: 600; }
p { max-width: 42rem; margin: .75rem 0; }
.lead { font-size: 1.15rem; }
.quiet { color: var(--quiet); font-size: .85rem; }
blockquote { margin: 1.25rem 0; padding: .25rem 0 .25rem 1.25rem; border-left: 3px solid var(--line); max-width: 42rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; }
td, th { padding: .3rem 1.25rem .3rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--quiet); }
tr { border-bottom: 1px solid var(--line); }
img, svg { max-width: 100%; }
details { border-top: 1px solid var(--line); padding: .6rem 0; }
summary { cursor: pointer; font-weight: 600; font-size: .95rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: .75rem; }
.sample { margin: 0; padding: .6rem .8rem; background: var(--raised); border-radius: .3rem; }
.sample figcaption { color: var(--quiet); font-size: .8rem; }
.sample div { font: .8rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
.prompt { color: var(--quiet); }
.chart { margin: 1rem 0; }
.chart svg { display: block; width: 100%; height: auto; }
.chart text { font: 11px system-ui, sans-serif; fill: var(--quiet); }
@media (max-width: 32rem) { .chart text { font-size: 20px; } }
.chart .grid { stroke: var(--line); }
.chart polyline { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.c0 { stroke: var(--c0); } .c1 { stroke: var(--c1); } .c2 { stroke: var(--c2); } .c3 { stroke: var(--c3); }
circle.c0 { fill: var(--c0); } circle.c1 { fill: var(--c1); } circle.c2 { fill: var(--c2); }
circle.c3 { fill: var(--c3); }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; align-items: center; }
.key i { display: inline-block; width: 1.4rem; height: .2rem; margin-right: .4rem; vertical-align: middle; }
.key i.c0 { background: var(--c0); } .key i.c1 { background: var(--c1); } .key i.c2 { background: var(--c2); }
.key i.c3 { background: var(--c3); }
.key b { font-weight: 400; padding: 0 .5rem; }
.surprisal { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .9rem;
  line-height: 1.9; max-width: none; }
.surprisal span { position: relative; border-radius: .15rem; }
.surprisal span, .key b { background: rgba(var(--mark), var(--s)); }
.surprisal span:hover::after, .surprisal span:active::after { content: attr(data-bits) " bits"; position: absolute;
  left: 0; bottom: 1.5em; z-index: 1; padding: .1rem .4rem; background: var(--ink); color: var(--ground);
  border-radius: .2rem; font: .75rem/1.4 system-ui, sans-serif; white-space: nowrap; }
.views > input { position: absolute; opacity: 0; }
.views > label { font: .85rem system-ui, sans-serif; padding: .2rem .6rem; border: 1px solid var(--line);
  border-radius: .3rem; cursor: pointer; margin-right: .3rem; }
.views > input:checked + label { background: var(--raised); font-weight: 600; }
.views > input:focus-visible + label { outline: 2px solid var(--c1); }
.views > div { display: none; }
.views > input:nth-of-type(1):checked ~ div:nth-of-type(1),
.views > input:nth-of-type(2):checked ~ div:nth-of-type(2) { display: block; }
.attention { font: .85rem/1.3 system-ui, sans-serif; margin: .5rem 0 2rem; }
.attention tr { border: 0; }
.attention th { font-weight: 500; padding: .1rem .4rem; text-align: center; vertical-align: middle; color: inherit; }
.attention .dark, .key b.dark { color: var(--ground); }
.attention tbody th { text-align: right; white-space: nowrap; }
.attention td { width: 1.9rem; height: 1.7rem; border: 1px solid var(--line); padding: 0; text-align: center;
  font-size: .65rem; vertical-align: middle; }
.attention .blank, .attention .blank th, .attention .blank td { height: .6rem; line-height: .6rem; font-size: .5rem; }
.attention td.blank, .attention th.blank { width: .6rem; padding: 0 .1rem; font-size: .5rem; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } details { display: none; }
  h2 { break-after: avoid; } .sample, .chart { break-inside: avoid; } .surprisal span { print-color-adjust: exact; } }
"""
