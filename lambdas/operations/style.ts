/**
 * Style sheet of the page: light and dark, from a phone to a wide screen, nothing from another
 * host.
 */

const LIGHT = `--bg:#f5f6f8;--card:#fff;--ink:#1b2430;--soft:#55606e;--line:#dfe3e8;--accent:#2f5bd0;--on-accent:#fff;--field:#fff;
--good:#1a7f4b;--good-bg:#e6f5ec;--watch:#8a5300;--watch-bg:#fdf1dc;--bad:#b3261e;--bad-bg:#fce8e6;--calm:#3d5a80;--calm-bg:#e8eef6;
color-scheme:light`;

const DARK = `--bg:#11161d;--card:#1a212b;--ink:#e8ecf1;--soft:#a3afbd;--line:#2e3947;--accent:#8fb0ff;--on-accent:#0d1420;--field:#121820;
--good:#63d39a;--good-bg:#14301f;--watch:#f3b95c;--watch-bg:#382a10;--bad:#ff8f85;--bad-bg:#3d1a18;--calm:#a9c2e6;--calm-bg:#1e2b3d;
color-scheme:dark`;

/**
 * The style sheet. Everything hangs on the class `ops`; `ops-theme-light` and `ops-theme-dark` say
 * which theme, else the system does.
 */
export const STYLE = `
.ops{${LIGHT};background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
container-type:inline-size;padding:16px;box-sizing:border-box;-webkit-text-size-adjust:100%}
@media (prefers-color-scheme:dark){.ops:not(.ops-theme-light){${DARK}}}
.ops.ops-theme-dark{${DARK}}
.ops *,.ops *::before{box-sizing:border-box}
.ops section{margin:0 0 28px}
:where(.ops) :where(h1,h2,h3,p,ol,ul,dl,dd,figure){margin:0;padding:0}
:where(.ops) :where(ol,ul){list-style:none}
.ops h2{font-size:1.0625rem;font-weight:650;letter-spacing:-.005em}
.ops h3{font-size:1rem;font-weight:650}
.ops code{font:0.8125rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;color:var(--soft)}
.ops a{color:var(--accent)}
.ops-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.ops-section-head{display:flex;flex-wrap:wrap;align-items:baseline;justify-content:space-between;gap:0 16px;margin-bottom:10px}
.ops-section-head h2{white-space:nowrap}
.ops-note{color:var(--soft);font-size:.875rem}
.ops-ledger{margin-top:10px}
.ops-card,.ops-station,.ops-reason,.ops-panel,.ops-chart{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px}

.ops-verdict{display:flex;gap:16px;align-items:flex-start;border-radius:14px;padding:20px;border:1px solid;background:var(--tone-bg);border-color:var(--tone)}
.ops-verdict p{color:var(--ink);max-width:70ch}
.ops .ops-title{font-size:1.5rem;line-height:1.25;letter-spacing:-.015em;font-weight:700;color:var(--tone);margin-bottom:4px}
.ops-lamp{flex:none;width:16px;height:16px;margin-top:8px;border-radius:50%;background:var(--tone);box-shadow:0 0 0 5px color-mix(in srgb,var(--tone) 22%,transparent)}
.ops-good{--tone:var(--good);--tone-bg:var(--good-bg)}
.ops-watch{--tone:var(--watch);--tone-bg:var(--watch-bg)}
.ops-bad{--tone:var(--bad);--tone-bg:var(--bad-bg)}
.ops-calm{--tone:var(--calm);--tone-bg:var(--calm-bg)}
.ops-plain{--tone:var(--ink);--tone-bg:var(--card)}

.ops-flow{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:28px}
.ops-station{position:relative;display:flex;flex-direction:column;min-width:0}
.ops-station:not(:last-child)::after{content:"";position:absolute;right:-19px;top:50%;width:9px;height:9px;border:solid var(--soft);border-width:2px 2px 0 0;transform:translateY(-50%) rotate(45deg)}
.ops-label{font-size:.8125rem;font-weight:600;color:var(--soft)}
.ops-number{font-size:1.875rem;line-height:1.2;font-weight:700;letter-spacing:-.02em;font-variant-numeric:tabular-nums;color:var(--tone,var(--ink))}
.ops-station.ops-bad{background:var(--tone-bg);border-color:var(--tone)}
.ops-aside{margin-top:auto;padding-top:10px;font-size:.8125rem;color:var(--soft)}
.ops-aside div{display:flex;justify-content:space-between;gap:8px}
.ops-aside dd{font-variant-numeric:tabular-nums;color:var(--ink);font-weight:600}

.ops-reasons{display:grid;grid-template-columns:minmax(0,1fr);gap:12px}
.ops-reason{display:grid;grid-template-columns:minmax(0,1fr);gap:10px}
.ops-reason-head{display:grid;grid-template-columns:minmax(56px,auto) 1fr auto;gap:8px 14px;align-items:center}
.ops-facts{display:flex;flex-wrap:wrap;gap:0 10px;align-items:baseline;color:var(--soft);font-size:.875rem}
.ops-next{max-width:75ch}
.ops-tag{display:inline-block;margin-left:6px;padding:1px 9px;border-radius:999px;font-size:.75rem;font-weight:600;vertical-align:1px;color:var(--tone);background:var(--tone-bg)}
.ops-empty{background:var(--card);border:1px dashed var(--line);border-radius:12px;padding:20px;color:var(--soft)}
.ops-empty strong{color:var(--ink)}
.ops summary{cursor:pointer;color:var(--soft);font-size:.875rem;border-radius:6px;padding:4px 0}
.ops-scroll{overflow-x:auto;border-radius:8px}
.ops table{border-collapse:collapse;width:100%;font-size:.875rem}
.ops th,.ops td{text-align:left;vertical-align:top;padding:8px 12px 8px 0;border-top:1px solid var(--line);font-weight:400}
.ops thead th{color:var(--soft);font-weight:600;border-top:0;white-space:nowrap}
.ops tbody th,.ops tbody td{white-space:nowrap}
.ops td.ops-error{white-space:normal;min-width:220px;overflow-wrap:anywhere}

.ops-panel{box-shadow:inset 5px 0 0 var(--tone);padding-left:22px;margin-bottom:28px;display:grid;grid-template-columns:minmax(0,1fr);gap:10px;overflow-wrap:anywhere}
.ops-panel ul{list-style:disc;padding-left:20px}
.ops-warning{color:var(--watch);font-weight:600}
.ops-panel.ops-plain{--tone:var(--accent)}
.ops-panel.ops-plain h2{color:var(--ink)}
.ops-life{border-left:2px solid var(--line);padding-left:14px;display:grid;gap:6px;font-size:.9375rem}
.ops-life time{color:var(--soft);font-variant-numeric:tabular-nums}
.ops-list{display:grid;gap:6px;font-size:.9375rem}
.ops-list div{display:grid;grid-template-columns:110px 1fr;gap:12px}
.ops-list dt{color:var(--soft)}
.ops-list dd{overflow-wrap:anywhere}

.ops-actions{display:flex;flex-wrap:wrap;gap:8px}
.ops-actions form,.ops td form,.ops th form{display:contents}
.ops-button{font:inherit;font-size:.9375rem;font-weight:600;line-height:1.3;padding:8px 14px;min-height:40px;border-radius:9px;border:1px solid var(--line);background:var(--card);color:var(--ink);cursor:pointer}
.ops-button:hover{border-color:var(--accent)}
.ops-button.ops-primary,.ops-button[aria-pressed=true]{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
.ops-button.ops-link{border:0;padding:0;min-height:0;background:none;color:var(--accent);text-align:left;font-size:inherit;text-decoration:underline;text-underline-offset:2px}
.ops :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.ops-search{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.ops-search label{flex:1 0 100%;font-size:.875rem;color:var(--soft)}
.ops-search input{font:inherit;flex:1 1 240px;min-width:0;min-height:40px;padding:8px 12px;border:1px solid var(--soft);border-radius:9px;background:var(--field);color:var(--ink)}

@container (max-width:1040px){.ops-flow{grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:14px}.ops-station::after{display:none}}
@container (max-width:560px){.ops-flow{grid-template-columns:1fr 1fr;gap:10px}.ops-station{padding:12px}
.ops-station:last-child:nth-child(odd){grid-column:1/-1}
.ops-reason-head{grid-template-columns:minmax(40px,auto) 1fr}.ops-reason-head .ops-actions{grid-column:1/-1;order:1}
.ops .ops-title{font-size:1.25rem}.ops-verdict{padding:16px;gap:12px}.ops-number{font-size:1.5rem}
.ops-list div{grid-template-columns:1fr;gap:0}.ops-aside div{font-size:.75rem}}
@media (prefers-reduced-motion:no-preference){.ops-bad .ops-lamp{animation:ops-beat 1.6s ease-in-out infinite}
@keyframes ops-beat{50%{box-shadow:0 0 0 9px color-mix(in srgb,var(--tone) 10%,transparent)}}}
`;
