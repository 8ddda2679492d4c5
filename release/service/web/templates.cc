#include "release/service/web/templates.h"

namespace gantry::service {

const char kLayoutTemplate[] = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}} - Gantry</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
<a class="home" href="/matrix">Gantry</a>
<nav aria-label="Pages">
<ul>
{{#nav}}
<li><a href="{{href}}"{{#current}} aria-current="page"{{/current}}>{{name}}</a></li>
{{/nav}}
</ul>
</nav>
<form action="/search" role="search">
<label for="q">Find cells</label>
<input id="q" name="q" type="search" value="{{q}}" maxlength="128">
<button>Search</button>
</form>
</header>
<main id="main" tabindex="-1">
<h1>{{title}}</h1>
{{{body}}}
</main>
{{#json}}
<footer><a href="{{json}}">This page as JSON</a></footer>
{{/json}}
</body>
</html>
)html";

const char kMatrixTemplate[] = R"html({{^channels}}
<p>No channel has been planned yet.</p>
{{/channels}}
{{#channels}}
<section>
<h2><a href="/matrix?channel={{name}}">{{family}} {{name}}</a></h2>
<p>Releases: {{release_count}}; last changed <time>{{updated}}</time></p>
<div class="scroll" role="region" aria-label="{{family}} {{name}}" tabindex="0">
<table>
<thead>
<tr><th scope="col">Release</th>{{#columns}}<th scope="col">{{name}}</th>{{/columns}}</tr>
</thead>
<tbody>
{{#releases}}
<tr><th scope="row">{{name}}</th>{{#cells}}<td>{{#id}}<a class="state {{state}}" href="/cells/{{id}}" title="{{reason}}">{{state}}{{#revision}} r{{revision}}{{/revision}}</a>{{/id}}{{^id}}<span class="none">none</span>{{/id}}</td>{{/cells}}</tr>
{{/releases}}
</tbody>
</table>
</div>
{{#next}}
<p><a href="/matrix?channel={{name}}&amp;skip={{next}}">Older releases of {{name}}</a></p>
{{/next}}
</section>
{{/channels}}
)html";

const char kCellTemplate[] =
    R"html(<p><span class="state {{state}}">{{state}}</span> since <time>{{since}}</time></p>
<dl>
<dt>Payload</dt><dd>{{payload}}</dd>
<dt>OS release</dt><dd>{{os_release}}</dd>
<dt>Architecture</dt><dd>{{architecture}}</dd>
{{#kernel}}<dt>Kernel</dt><dd>{{kernel}}</dd>{{/kernel}}
{{#channels}}<dt>Channels</dt><dd>{{channels}}</dd>{{/channels}}
{{#reason}}<dt>Reason</dt><dd>{{reason}}</dd>{{/reason}}
{{#failure}}<dt>Failure</dt><dd>{{class}}{{#stage}}, {{stage}}{{/stage}}{{#fingerprint}}, <code>{{fingerprint}}</code>{{/fingerprint}}</dd>{{/failure}}
{{#worker}}<dt>Building</dt><dd>by {{worker}}, until <time>{{lease_expires}}</time></dd>{{/worker}}
{{#next_attempt}}<dt>Next attempt</dt><dd><time>{{next_attempt}}</time></dd>{{/next_attempt}}
{{#demand}}<dt>Demand</dt><dd>{{demand}} requests in vain</dd>{{/demand}}
</dl>
<section>
<h2>Revisions</h2>
{{^revisions}}<p>Nothing has been recorded yet.</p>{{/revisions}}
{{#revisions}}
<article>
<h3>Revision {{number}}</h3>
<dl>
<dt>Image</dt><dd><code>{{reference}}</code></dd>
<dt>Content</dt><dd><code>{{content}}</code></dd>
<dt>Kernel</dt><dd>{{kernel}}</dd>
<dt>Published</dt><dd><time>{{published}}</time></dd>
{{#pruned}}<dt>Image removed</dt><dd><time>{{pruned}}</time></dd>{{/pruned}}
{{#recipes}}<dt>Recipe</dt><dd><code>{{digest}}</code></dd>{{/recipes}}
</dl>
</article>
{{/revisions}}
</section>
{{#proof}}
<section>
<h2>Proof</h2>
<p>The kernel <strong>{{verdict}}</strong> the modules{{#reason}}: {{reason}}{{/reason}}.</p>
<dl>
{{#kernel_release}}<dt>Kernel</dt><dd>{{kernel_release}}</dd>{{/kernel_release}}
{{#kernel_digest}}<dt>Kernel image</dt><dd><code>{{kernel_digest}}</code></dd>{{/kernel_digest}}
{{#accelerator}}<dt>Booted with</dt><dd>{{accelerator}}</dd>{{/accelerator}}
{{#negative_control}}<dt>Negative control</dt><dd>{{name}} with another {{alteration}}: {{boot}}{{#message}} ({{message}}){{/message}}</dd>{{/negative_control}}
</dl>
<div class="scroll" role="region" aria-label="Modules" tabindex="0">
<table>
<caption>Modules, in loading order</caption>
<thead><tr><th scope="col">Module</th><th scope="col">Static check</th><th scope="col">Boot</th><th scope="col">Symbols</th><th scope="col">Digest</th></tr></thead>
<tbody>
{{#modules}}
<tr><th scope="row">{{name}}</th><td>{{static}}</td><td>{{boot}}{{#message}}: {{message}}{{/message}}</td><td>{{symbols}}</td><td><code>{{digest}}</code></td></tr>
{{/modules}}
</tbody>
</table>
</div>
</section>
{{/proof}}
<section>
<h2>Attempts</h2>
{{#has_attempts}}
<div class="scroll" role="region" aria-label="Attempts" tabindex="0">
<table>
<thead><tr><th scope="col">Number</th><th scope="col">Worker</th><th scope="col">Started</th><th scope="col">Ended</th><th scope="col">Outcome</th><th scope="col">Log</th></tr></thead>
<tbody>
{{#attempts}}
<tr><th scope="row">{{number}}</th><td>{{worker}}</td><td><time>{{started}}</time></td><td>{{#ended}}<time>{{ended}}</time>{{/ended}}</td><td>{{outcome}}{{#revision}} as revision {{revision}}{{/revision}}{{#reason}}: {{reason}}{{/reason}}</td><td>{{#has_log}}<a href="/cells/{{cell}}/log?attempt={{number}}">log of attempt {{number}}</a>{{/has_log}}</td></tr>
{{/attempts}}
</tbody>
</table>
</div>
{{/has_attempts}}
{{^has_attempts}}<p>No worker has tried to build it.</p>{{/has_attempts}}
</section>
{{#recipe}}
<section>
<h2>Recipe</h2>
<p>What is to be built: <code>{{digest}}</code></p>
<div class="scroll" role="region" aria-label="Recipe" tabindex="0">
<table>
<thead><tr><th scope="col">Part</th><th scope="col">Name</th><th scope="col">Digest</th></tr></thead>
<tbody>
{{#fragments}}
<tr><th scope="row">{{kind}}</th><td>{{name}}</td><td><code>{{digest}}</code></td></tr>
{{/fragments}}
{{#epochs}}
<tr><th scope="row">stage {{stage}}</th><td>epoch {{epoch}}</td><td></td></tr>
{{/epochs}}
</tbody>
</table>
</div>
</section>
{{/recipe}}
)html";

const char kFailuresTemplate[] =
    R"html({{^causes}}<p>No cell has failed.</p>{{/causes}}
{{#causes}}
<section>
<h2>{{count}} cells: {{#blocked}}blocked, {{/blocked}}{{reason}}</h2>
{{#fingerprint}}<p><code>{{fingerprint}}</code></p>{{/fingerprint}}
<ul>
{{#cells}}
<li><a href="/cells/{{id}}">{{id}}</a></li>
{{/cells}}
{{#more}}<li>and {{more}} more</li>{{/more}}
</ul>
</section>
{{/causes}}
)html";

const char kDemandTemplate[] =
    R"html({{#has_cells}}
<div class="scroll" role="region" aria-label="Demand" tabindex="0">
<table>
<thead><tr><th scope="col">Requests in vain</th><th scope="col">Cell</th><th scope="col">State</th></tr></thead>
<tbody>
{{#cells}}
<tr><td>{{demand}}</td><th scope="row"><a href="/cells/{{id}}">{{id}}</a></th><td><span class="state {{state}}">{{state}}</span> {{reason}}</td></tr>
{{/cells}}
</tbody>
</table>
</div>
{{/has_cells}}
{{^has_cells}}<p>No node has asked in vain.</p>{{/has_cells}}
)html";

const char kChangesTemplate[] =
    R"html(<form action="/changes">
<label for="from">From</label> <input id="from" name="from" type="date" value="{{from}}">
<label for="to">to</label> <input id="to" name="to" type="date" value="{{to}}">
<button>Show</button>
</form>
{{#has_events}}
<div class="scroll" role="region" aria-label="Changes" tabindex="0">
<table>
<thead><tr><th scope="col">Time</th><th scope="col">Change</th><th scope="col">Cell</th><th scope="col">Detail</th><th scope="col">By</th></tr></thead>
<tbody>
{{#events}}
<tr><td><time>{{time}}</time></td><td>{{kind}}</td><td>{{#cell}}<a href="/cells/{{cell}}">{{cell}}</a>{{/cell}}</td><td>{{detail}}</td><td>{{actor}}</td></tr>
{{/events}}
</tbody>
</table>
</div>
{{/has_events}}
{{^has_events}}<p>Nothing changed on these days.</p>{{/has_events}}
{{#next}}<p><a href="/changes?from={{from}}&amp;to={{to}}&amp;after={{next}}">Later changes</a></p>{{/next}}
)html";

const char kSearchTemplate[] =
    R"html({{#has_cells}}
<ul>
{{#cells}}
<li><a href="/cells/{{id}}">{{id}}</a> <span class="state {{state}}">{{state}}</span></li>
{{/cells}}
</ul>
{{/has_cells}}
{{#has_more}}<p>There are more; search for a longer text.</p>{{/has_more}}
{{^has_cells}}<p>{{#q}}No cell has an OS release, driver or toolkit that begins with this.{{/q}}{{^q}}Search for the beginning of an OS release, of a driver's version or of a toolkit's, or for the id of a cell.{{/q}}</p>{{/has_cells}}
)html";

const char kErrorTemplate[] = R"html(<p>{{message}}</p>
)html";

const char kStyleSheet[] = R"css(:root {
  color-scheme: light dark;
  --text: #1c2126; --muted: #566069; --paper: #ffffff; --line: #d5dade;
  --link: #0b57b0; --band: #f3f5f7;
  --good: #0f6b34; --busy: #7a4d00; --bad: #b3181f; --idle: #566069;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e9ec; --muted: #a3adb6; --paper: #14181c; --line: #343c44;
    --link: #7db7ff; --band: #1d2328;
    --good: #63d08f; --busy: #f0b85a; --bad: #ff8a85; --idle: #a3adb6;
  }
}
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: var(--text); background: var(--paper); }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .75rem 1.25rem; background: var(--band); border-bottom: 1px solid var(--line); }
header ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0; }
header form { margin-left: auto; }
.home { font-weight: 700; text-decoration: none; color: var(--text); }
main { padding: 0 1.25rem 2rem; }
main:focus { outline: none; }
footer { padding: 1rem 1.25rem; border-top: 1px solid var(--line); color: var(--muted); }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin-top: 2rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; }
a { color: var(--link); }
a:focus-visible, button:focus-visible, input:focus-visible, .scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
a[aria-current] { font-weight: 700; text-decoration-thickness: 3px; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: .5rem; top: .5rem; padding: .5rem; background: var(--paper); z-index: 1; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; color: var(--muted); padding-bottom: .25rem; }
th, td { padding: .35rem .75rem; border: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { background: var(--band); }
tbody th { font-weight: 600; white-space: nowrap; }
code { font: .875em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.state { font-weight: 600; white-space: nowrap; color: var(--idle); }
.state.built { color: var(--good); }
.state.building { color: var(--busy); }
.state.failed, .state.blocked { color: var(--bad); }
.none { color: var(--muted); }
input, button { font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--muted); border-radius: 4px; padding: .2rem .5rem; }
)css";

}  // namespace gantry::service
