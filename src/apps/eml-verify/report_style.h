/* report_style - how the report looks. Colours have a contrast of at least 4.5 to 1 on their ground
 * (WCAG 2.2 AA), and none carries a meaning that a word beside it does not. */
#ifndef APPS_EML_VERIFY_REPORT_STYLE_H
#define APPS_EML_VERIFY_REPORT_STYLE_H

#define REPORT_STYLE                                                                               \
    ":root{color-scheme:light dark;--ink:#1a1a1a;--soft:#595959;--ground:#ffffff;--band:#f3f4f6;"  \
    "--line:#c4c7cc;--good:#0b6b2e;--bad:#a3111b;--open:#7a4d00}"                                  \
    "@media (prefers-color-scheme:dark){:root{--ink:#ececec;--soft:#b4b8be;--ground:#15171a;"      \
    "--band:#1f2227;--line:#454a52;--good:#6fd08c;--bad:#ff9a9a;--open:#f0c060}}"                  \
    "*{box-sizing:border-box}"                                                                     \
    "body{margin:0 auto;max-width:62rem;padding:1.5rem 1.25rem 4rem;background:var(--ground);"     \
    "color:var(--ink);font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",\"DejaVu Sans\",sans-"    \
    "serif}"                                                                                       \
    "h1{font-size:1.1rem;margin:0;font-weight:600;color:var(--soft)}"                              \
    "h2{font-size:1.25rem;margin:2.5rem 0 .5rem;border-bottom:1px solid var(--line);"              \
    "padding-bottom:.25rem}"                                                                       \
    "h3{font-size:1rem;margin:1.5rem 0 .25rem}"                                                    \
    ".verdict{margin:1rem 0;padding:1rem 1.25rem;background:var(--band);border-left:.5rem solid}"  \
    ".verdict p{margin:.25rem 0}"                                                                  \
    ".verdict .word{font-size:1.75rem;font-weight:700;line-height:1.2}"                            \
    ".accept{border-color:var(--good)}.reject,.malformed{border-color:var(--bad)}"                 \
    ".incomplete{border-color:var(--open)}"                                                        \
    ".accept .word,.pass{color:var(--good)}.reject .word,.malformed .word,.fail{color:var(--bad)}" \
    ".incomplete .word,.skip{color:var(--open)}"                                                   \
    ".pass,.fail,.skip{font-weight:700;white-space:nowrap}"                                        \
    "table{border-collapse:collapse;width:100%;margin:.75rem 0}"                                   \
    "caption{text-align:left;color:var(--soft);padding:.25rem 0}"                                  \
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px "      \
    "solid var(--line);overflow-wrap:anywhere}"                                                    \
    "th[scope=row]{font-weight:600;width:14rem}"                                                   \
    ".checks th[scope=row]{width:13.5rem}.checks td:first-child{width:4.5rem}"                     \
    "code,pre{font-family:ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;"             \
    "font-size:.85rem}"                                                                            \
    "pre{margin:.25rem 0 1rem;padding:.6rem .75rem;background:var(--band);overflow-x:auto}"        \
    "small{color:var(--soft);font-size:.875rem}"                                                   \
    "li{margin:.25rem 0}"                                                                          \
    "@media (max-width:40rem){th[scope=row],.checks th[scope=row]{width:auto}}"                    \
    "@page{margin:18mm 15mm}"                                                                      \
    "@media print{:root{--ink:#000;--soft:#333;--ground:#fff;--band:#fff;--line:#888;--good:#000;" \
    "--bad:#000;--open:#000}body{max-width:none;padding:0;font-size:10pt}"                         \
    "pre{white-space:pre-wrap;border:1px solid #888;font-size:7.5pt}"                              \
    "h2,h3,caption{break-after:avoid}tr,.verdict,li{break-inside:avoid}thead{display:table-"       \
    "header-group}}"

#endif
