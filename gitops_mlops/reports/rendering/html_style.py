"""How the HTML page looks: light and dark, on paper and on a phone. Its hash goes into the page's security policy."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #1a222c; --soft: #556070; --edge: #d8dee6; --faint: #e9edf2;
  --link: #0a56c2; --good: #0d6b3a; --fine: #1b5aa8; --unsure: #835300; --bad: #b01f1f; --none: #5b6675;
  --good-tint: #e3f4ea; --fine-tint: #e4eefb; --unsure-tint: #fdf0d5; --bad-tint: #fce6e4; --none-tint: #edf0f4;
  --champion: #2f6fde; --challenger: #c2500a; --tolerated: #f3dfb4;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #0e1319; --card: #161d26; --ink: #e7ecf2; --soft: #a3afbe; --edge: #323d4b; --faint: #232c37;
    --link: #82b6ff; --good: #63d494; --fine: #86bbff; --unsure: #f0bb5a; --bad: #ff938a; --none: #aab5c3;
    --good-tint: #12301f; --fine-tint: #14294a; --unsure-tint: #382a0c; --bad-tint: #421b1a; --none-tint: #252f3b;
    --champion: #76a9ff; --challenger: #ff9c52; --tolerated: #4a3b16;
  }
}
* { box-sizing: border-box; }
html { scroll-behavior: smooth; -webkit-text-size-adjust: 100%; }
body {
  margin: 0; padding: 1.25rem 1rem 3rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
main, footer { max-width: 70rem; margin: 0 auto; }
a { color: var(--link); text-underline-offset: 0.15em; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: 1rem; top: -4rem; padding: 0.5rem 1rem; background: var(--card); z-index: 1; }
.skip:focus { top: 0.5rem; }
code {
  font: 0.875em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--faint); padding: 0.1em 0.35em; border-radius: 4px; unicode-bidi: isolate;
}
h1 { font-size: clamp(1.4rem, 1.1rem + 1.6vw, 2.1rem); line-height: 1.2; margin: 0.6rem 0; letter-spacing: -0.01em; }
h2 { font-size: 1.2rem; margin: 0 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
p, ul { margin: 0 0 0.75rem; }
ul { padding-left: 1.25rem; }
section, .verdict {
  background: var(--card); border: 1px solid var(--edge); border-radius: 12px; padding: 1.25rem; margin: 0 0 1rem;
}
.verdict { border-top: 6px solid var(--tone); }
.verdict.good { --tone: var(--good); } .verdict.unsure { --tone: var(--unsure); } .verdict.bad { --tone: var(--bad); }
.verdict .chip { font-size: 1rem; padding: 0.25rem 0.8rem; }
.because { font-size: 1.1rem; margin-bottom: 0.5rem; }
.because strong { white-space: normal; }
.soft { color: var(--soft); font-size: 0.9rem; }
.facts { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0; padding: 0; list-style: none; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; list-style: none; margin: 0 0 1rem; padding: 0 0.25rem; }
nav a { display: inline-block; padding: 0.25rem 0; }
.alert { border-left: 6px solid var(--unsure); }
.chip {
  display: inline-block; padding: 0.1rem 0.55rem; border-radius: 999px; font-weight: 600; font-size: 0.875rem;
  white-space: nowrap; color: var(--tone); background: var(--tint);
}
.chip.good { --tone: var(--good); --tint: var(--good-tint); }
.chip.fine { --tone: var(--fine); --tint: var(--fine-tint); }
.chip.unsure { --tone: var(--unsure); --tint: var(--unsure-tint); }
.chip.bad { --tone: var(--bad); --tint: var(--bad-tint); }
.chip.none { --tone: var(--none); --tint: var(--none-tint); }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: 0.9rem; padding: 0 0 0.6rem; }
th, td { text-align: left; vertical-align: middle; padding: 0.45rem 0.75rem 0.45rem 0; }
thead th { font-size: 0.85rem; color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 600; min-width: 8rem; }
td { min-width: 4.5rem; }
tbody tr { border-top: 1px solid var(--edge); }
tbody tr.note { border-top: 0; }
tr.note td { padding-top: 0; color: var(--soft); font-size: 0.875rem; }
.number { white-space: nowrap; }
.detail { display: block; color: var(--soft); font-size: 0.825rem; font-weight: 400; }
.forests th:nth-child(3), .forests td:nth-child(3) { width: 34%; min-width: 11rem; }
.forests td:nth-child(3) { overflow: hidden; }
.forest { overflow: visible; }
.forests tbody td:nth-child(4) { padding-left: 0.5rem; min-width: 10.5rem; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 12px; font-family: inherit; }
.forest-axis text { font-size: 11px; }
.zero { stroke: var(--soft); stroke-width: 1.5; }
.margin { stroke: var(--unsure); stroke-width: 1.25; stroke-dasharray: 3 2; }
.tolerated { fill: var(--tolerated); }
.forest { color: var(--none); }
.forest.improved { color: var(--good); } .forest.non_inferior { color: var(--fine); }
.forest.inconclusive { color: var(--unsure); } .forest.regressed { color: var(--bad); }
.interval { stroke: currentColor; stroke-width: 2.25; }
.dot { fill: currentColor; stroke: currentColor; stroke-width: 1.5; }
.dot.hollow { fill: var(--card); stroke-width: 2.25; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1.25rem; }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; margin-bottom: 0.25rem; }
.plot { max-width: 30rem; }
.grid { stroke: var(--edge); stroke-width: 1; }
.reference { stroke: var(--soft); stroke-width: 1.25; stroke-dasharray: 2 4; }
.curve { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
.champion { stroke: var(--champion); } .challenger { stroke: var(--challenger); }
.curve.champion { stroke-dasharray: 7 4; }
.mark, .count { stroke-width: 1; }
.mark.champion, .count.champion { fill: var(--champion); }
.mark.challenger, .count.challenger { fill: var(--challenger); }
.key { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; margin: 0 0 0.75rem; padding: 0; list-style: none; }
.key svg { display: inline-block; width: 2.4rem; vertical-align: middle; margin-right: 0.4rem; }
.matrix { width: auto; }
.matrix th, .matrix td { min-width: 0; padding: 0.5rem 0.75rem; border: 1px solid var(--edge); }
.matrix thead th { color: var(--ink); } .matrix td { text-align: right; }
.matrix td .detail { color: inherit; }
.right { background: var(--good-tint); } .wrong { background: var(--bad-tint); } .rare { background: none; }
details { margin-top: 0.75rem; }
summary { cursor: pointer; color: var(--link); padding: 0.25rem 0; }
details .wide { margin-top: 0.5rem; }
.points .wide { max-height: 24rem; overflow: auto; }
footer { color: var(--soft); font-size: 0.9rem; padding: 0 0.25rem; }
@media screen and (max-width: 54rem) {
  body { padding: 0.5rem 0.5rem 2rem; }
  section, .verdict { padding: 1rem 0.85rem; border-radius: 10px; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td, .stack caption { display: block; width: 100%; min-width: 0; }
  .stack thead { display: none; }
  .stack tbody tr { padding: 0.6rem 0; }
  .stack tbody tr.note { padding-top: 0; }
  .stack th, .stack td { padding: 0.1rem 0; }
  .stack td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-size: 0.875rem; }
  .forests tbody tr:not(.note) {
    display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.1rem 0.75rem; align-items: center;
  }
  .forests thead, .forests thead tr, .forests thead th:nth-child(3) { display: block; width: 100%; }
  .forests thead th:not(:nth-child(3)) { display: none; }
  .forests th:nth-child(3), .forests td:nth-child(3) { width: 100%; padding: 0; }
  .forests tbody td:nth-child(-n + 4) { grid-column: 1 / -1; }
  .forests tbody td:nth-child(4) { padding: 0; }
  .forests tbody td:nth-child(5) { grid-column: 2; grid-row: 1; width: auto; }
  .forests tbody td::before { content: none !important; }
  .forest, .forest-axis { overflow: hidden; max-width: 24rem; }
}
@media print {
  :root { color-scheme: light; }
  html { font-size: 9.5pt; }
  body { background: none; padding: 0; }
  nav, .skip, .points { display: none; }
  section, .verdict { border: 0; border-top: 1px solid var(--edge); border-radius: 0; padding: 0.75rem 0; margin: 0; }
  .verdict { border-top: 4px solid var(--tone); }
  tr, figure, li { break-inside: avoid; } h2, h3, caption { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
@media (forced-colors: active) {
  .chip { border: 1px solid; } .interval, .zero, .curve { stroke: CanvasText; } .dot { fill: CanvasText; }
}
"""
