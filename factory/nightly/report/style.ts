import { Html } from './html';

/** The page's whole style: the reader's fonts, and colours of 4.5:1 and more in light and in dark. */
export const STYLE = new Html(`
:root { --ground: #fff; --ink: #1b1f24; --quiet: #57606a; --rule: #d8dee4; --good: #116329; --good-ground: #dafbe1;
  --bad: #a40e26; --bad-ground: #ffebe9; --mark: #0550ae; --shade: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #0d1117; --ink: #e6edf3; --quiet: #9198a1; --rule: #30363d; --good: #56d364; --good-ground: #12261e;
    --bad: #ff7b72; --bad-ground: #31191b; --mark: #79c0ff; --shade: #161b22; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; margin: .2rem 0 .6rem; }
h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; padding-bottom: .3rem; border-bottom: 1px solid var(--rule); }
p { margin: .4rem 0; }
code { font: .92em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.badge { display: inline-block; padding: 0 .5em; border-radius: 1em; font-size: .85em; font-weight: 600;
  background: var(--shade); color: var(--quiet); white-space: nowrap; }
h1 .badge { font-size: .8em; vertical-align: .1em; }
.badge.good { background: var(--good-ground); color: var(--good); }
.badge.bad { background: var(--bad-ground); color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 1rem 0; }
dt { color: var(--quiet); } dd { margin: 0; min-width: 0; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
.wide { overflow-x: auto; } td.whole { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.inner { padding-left: 1.2rem; color: var(--quiet); }
.times td { border: 0; padding-block: .12rem; vertical-align: middle; }
.times td:first-child { white-space: nowrap; width: 1%; } .times .number { width: 1%; }
.bar svg { width: 100%; height: .8rem; display: block; } .bar rect { fill: var(--mark); }
svg .grid { stroke: var(--rule); } svg .tick { fill: var(--quiet); font: 11px system-ui, sans-serif; }
svg .line { fill: none; stroke: var(--mark); stroke-width: 2; } svg .dot { fill: var(--mark); }
summary { cursor: pointer; }
@media print { details { display: block; } }
`);
