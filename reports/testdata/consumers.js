// Prints what two programs make of JUnit files: how many cases there are, failed, are in error
// or were skipped, once by the numbers of the suites and once by their cases.
'use strict';
const fs = require('fs');

function sum(suites, number) {
  return suites.reduce((total, suite) => total + (number(suite) || 0), 0);
}

async function viaJUnit2JSON(file) {
  // It is an ES module, which older versions of Node cannot require.
  const { parse } = await import(require.resolve('junit2json'));
  const suites = (await parse(fs.readFileSync(file, 'utf8'))).testsuite || [];
  const cases = suites.flatMap((suite) => suite.testcase || []);
  const having = (what) => cases.filter((c) => c[what] !== undefined).length;
  return {
    suites: {
      tests: sum(suites, (s) => s.tests),
      failures: sum(suites, (s) => s.failures),
      errors: sum(suites, (s) => s.errors),
      skipped: sum(suites, (s) => s.skipped),
    },
    cases: {
      tests: cases.length,
      failures: having('failure'),
      errors: having('error'),
      skipped: having('skipped'),
    },
  };
}

function viaTestResultsParser(file) {
  const { parse } = require('test-results-parser');
  const all = parse({ type: 'junit', files: [file] });
  const ended = (status) => all.suites.flatMap((s) => s.cases).filter((c) => c.status === status).length;
  return {
    suites: {
      tests: all.total + all.skipped, // it leaves skipped ones out of the total
      failures: all.failed,
      errors: all.errors,
      skipped: all.skipped,
    },
    passed: { total: all.passed, cases: ended('PASS') },
    failed: { total: all.failed + all.errors, cases: ended('FAIL') },
    skipped: { total: all.skipped, cases: ended('SKIP') },
  };
}

async function main(files) {
  const answers = {};
  for (const file of files) {
    answers[file] = { junit2json: await viaJUnit2JSON(file), parser: viaTestResultsParser(file) };
  }
  console.log(JSON.stringify(answers));
}

main(process.argv.slice(2));
