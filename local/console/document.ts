/** The document around the page on this machine. */
import { type Html, html } from '../../lambdas/operations/html.ts';
import { STYLE } from '../../lambdas/operations/style.ts';

/** Path of the style sheet. */
export const STYLE_PATH = '/operations/page.css';
/** Path of the script. */
export const SCRIPT_PATH = '/operations/page.js';

/** Scripts and styles of this server alone, no frame around it, and nothing sent elsewhere. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  'img-src data:',
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The style sheet of the page, and of what is only here. */
export const PAGE_STYLE = `${STYLE}
.ops{--one:#2f5bd0;--two:#1a7f4b;--three:#c2410c;--grid:#e6e9ee}
@media (prefers-color-scheme:dark){.ops{--one:#8fb0ff;--two:#63d39a;--three:#ffab70;--grid:#273140}}
html{scroll-behavior:smooth}
body{margin:0}
.ops.ops-document{min-height:100vh;padding:0 0 48px}
.ops-bar{border-bottom:1px solid var(--line);background:var(--card)}
.ops-bar div,.ops-document main{max-width:1180px;margin:0 auto;padding:0 20px}
.ops-bar div{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 14px;padding-top:12px;padding-bottom:12px}
.ops .ops-bar h1{font-size:1rem;font-weight:700;letter-spacing:-.01em}
.ops-document main{padding-top:20px}
.ops-lost:not(:empty){margin:0 0 16px;padding:12px 16px;border-radius:10px;background:var(--bad-bg);color:var(--bad);font-weight:600}
.ops-charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:12px}
.ops-chart figcaption{display:flex;flex-wrap:wrap;justify-content:space-between;gap:2px 12px;font-size:.8125rem;color:var(--soft);font-weight:600;margin-bottom:8px}
.ops-chart svg{display:block;width:100%;height:88px;overflow:visible}
.ops-plot{position:relative}
.ops-plot span{position:absolute;left:0;top:2px;font-size:.6875rem;color:var(--soft);background:var(--card);padding:0 4px 0 0}
.ops-chart figcaption span:first-child{flex:1 0 100%;color:var(--ink)}
.ops-key{font-weight:400;white-space:nowrap}
.ops-key b{color:var(--ink);font-variant-numeric:tabular-nums}
.ops-key i{display:inline-block;width:9px;height:9px;border-radius:2px;margin-right:5px}
.ops-grid{stroke:var(--grid);stroke-width:1;vector-effect:non-scaling-stroke}
.ops-outage{fill:var(--bad);opacity:.13}
.ops-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.ops-one{stroke:var(--one)}.ops-two{stroke:var(--two)}.ops-three{stroke:var(--three)}
i.ops-one{background:var(--one)}i.ops-two{background:var(--two)}i.ops-three{background:var(--three)}
.ops-axis{display:flex;justify-content:space-between;font-size:.75rem;color:var(--soft);margin-top:6px}
.ops-crm{display:flex;flex-wrap:wrap;gap:14px 32px;align-items:flex-end;justify-content:space-between}
#ops-crm{display:grid;gap:14px}
#ops-crm-refuse{flex:0 1 340px}
.ops-counts{display:flex;flex-wrap:wrap;gap:8px 28px}
.ops-counts dt{color:var(--soft);font-size:.8125rem}
.ops-counts dd{font-weight:700;font-size:1.125rem;font-variant-numeric:tabular-nums}
.ops-button[aria-busy=true]{opacity:.6;cursor:progress}
.ops-crm .ops-search input{flex:0 1 220px}
#ops-result{scroll-margin-top:12px}
@media (max-width:560px){.ops-bar div,.ops-document main{padding-left:12px;padding-right:12px}}
`;

/** The whole document. */
export function renderDocument(page: Html): string {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Operations – Genesys to CRM pipeline</title><link rel="icon" href="data:,"><link rel="stylesheet" href="${STYLE_PATH}"></head>
<body><div class="ops ops-document"><header class="ops-bar"><div><h1>Genesys → CRM pipeline</h1><span class="ops-note">on this machine</span></div></header>
<main><p class="ops-lost" id="ops-lost" role="alert"></p>${page}</main></div><script type="module" src="${SCRIPT_PATH}"></script></body></html>`
    .text;
}
