// Checks a GitHub Actions workflow and a GitLab CI file.  See check_deploy.
//
//   node check_ci_templates.mjs NODE_MODULES WORKFLOW GITLAB_FILE

import {readFileSync} from 'node:fs';
import {register} from 'node:module';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const [modules, workflowPath, gitlabPath] = process.argv.slice(2);
const SCRIPT = 'deploy/ci/nightly';

// The parser imports JSON as bundlers permit it, but Node does not.
register('data:text/javascript,' + encodeURIComponent(`
  import {readFile} from 'node:fs/promises';
  export async function load(url, context, next) {
    if (!url.endsWith('.json')) return next(url, context);
    const text = await readFile(new URL(url), 'utf8');
    return {format: 'module', shortCircuit: true,
            source: 'export default ' + text};
  }`));

const load = path => import(pathToFileURL(resolve(join(modules, path))));
const {NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow} =
    await load('@actions/workflow-parser/dist/index.js');
const {parseDocument} = (await load('yaml/dist/index.js')).default;

// All functions return problems.

async function checkWorkflow(content) {
  const parsed = parseWorkflow({name: workflowPath, content},
                               new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors().map(error => error.message);
  if (errors.length > 0) return errors;
  const template = await convertWorkflowTemplate(parsed.context, parsed.value);
  if (template.errors) return template.errors.map(error => error.Message);
  const runs = template.jobs.flatMap(job => job.steps)
      .flatMap(step => step.run ? [step.run.toString()] : []);
  return runs.includes(SCRIPT) ? [] : [`no step runs ${SCRIPT}`];
}

// GitLab publishes no parser, so this checks only the types and names of what
// the template has.
const isText = value => typeof value === 'string';
const isTextList = value => Array.isArray(value) && value.every(isText);
const JOB_KEYWORDS = {
  after_script: isTextList,
  artifacts: value => isTextList(value.paths) && Object.keys(value).every(
      key => ['expire_in', 'paths', 'when'].includes(key)),
  interruptible: value => typeof value === 'boolean',
  resource_group: isText,
  rules: value => Array.isArray(value) && value.every(rule => isText(rule.if)),
  script: isTextList,
  stage: value => ['build', 'test', 'deploy'].includes(value),
  tags: isTextList,
  timeout: isText,
  variables: value => Object.values(value).every(isText),
};

function checkGitlab(content) {
  const document = parseDocument(content);
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) return errors.map(error => error.message);
  const jobs = document.toJS();
  const problems = [];
  for (const [name, job] of Object.entries(jobs)) {
    for (const [keyword, value] of Object.entries(job)) {
      if (!Object.hasOwn(JOB_KEYWORDS, keyword)) {
        problems.push(`${name}: unknown keyword ${keyword}`);
      } else if (!JOB_KEYWORDS[keyword](value)) {
        problems.push(`${name}: ${keyword} has a wrong value`);
      }
    }
  }
  if (!jobs.nightly?.script?.includes(SCRIPT)) {
    problems.push(`the job nightly does not run ${SCRIPT}`);
  }
  return problems;
}

let failed = false;
for (const [path, check] of [[workflowPath, checkWorkflow],
                             [gitlabPath, checkGitlab]]) {
  for (const problem of await check(readFileSync(path, 'utf8'))) {
    console.error(problem.startsWith(path) ? problem : `${path}: ${problem}`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
