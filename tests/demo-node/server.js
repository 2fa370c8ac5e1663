// A small web service for Node that misbehaves on request, as the demo-service does: PM2 runs it in the tests, in fork mode
// and in cluster mode. Its release is the working directory where that holds VERSION or behaviour, else its own.
//
// usage: server.js --port PORT
//
// endpoints:
//   /health          200 {"version":V,"pid":N,"instance":I,"release":DIR,"inFlight":N}
//   /version         the version, as text
//   /in-flight       {"inFlight":N} of all instances together, not counting this question itself
//   /slow?ms=N       answers after N milliseconds
//   /until?file=F    answers once the file F is in the release
//   anything else    200 and the version; /missing is always 404
//
// behaviours, a word or key=value a line, # comments: healthy, slow-start=DURATION, crash, crash-after=DURATION,
// exit-status=N, hang, health-status=N, leak=SIZE (a second), log-errors=DURATION, fail-every=N, burn=N, lose-port-after=DURATION,
// turns-at=N, ignore-term, orphan, version=TEXT, as demo-service --help explains them. A word that it does not know is an error: a
// test that misspells one would pass by chance.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { Worker } = require('node:worker_threads');

const USAGE = 2;
// A forgotten orphan, and a request that waits for a file that never comes, end by themselves.
const ORPHAN_LIFE = 15 * 60_000;
const HELD = 120_000;

const INSTANCE = Number(process.env.NODE_APP_INSTANCE || 0);
const release = [process.cwd(), __dirname].find((directory) =>
  ['VERSION', 'behaviour'].some((file) => fs.existsSync(path.join(directory, file)))) || process.cwd();

function milliseconds(text) {
  const [, number, unit] = /^(\d+)(ms|s|m)?$/.exec(text) || [];
  if (number === undefined) throw new Error(`not a duration: ${text}`);
  return Number(number) * { ms: 1, s: 1000, m: 60_000 }[unit || 's'];
}

function bytes(text) {
  const [, number, unit] = /^(\d+)([KMG])?$/.exec(text) || [];
  if (number === undefined) throw new Error(`not a size: ${text}`);
  return Number(number) * { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[unit || ''];
}

function read(file) {
  const whole = path.join(release, file);
  return fs.existsSync(whole) ? fs.readFileSync(whole, 'utf8') : '';
}

function behave() {
  const known = {
    healthy: (b) => b,
    crash: (b) => { b.crash = true; },
    hang: (b) => { b.hang = true; },
    orphan: (b) => { b.orphan = true; },
    'ignore-term': (b) => { b.ignoreTerm = true; },
    'slow-start': (b, value) => { b.slowStart = milliseconds(value); },
    'crash-after': (b, value) => { b.crashAfter = milliseconds(value); },
    'log-errors': (b, value) => { b.logErrors = milliseconds(value); },
    'lose-port-after': (b, value) => { b.losePortAfter = milliseconds(value); },
    leak: (b, value) => { b.leak = bytes(value); },
    burn: (b, value) => { b.burn = Number(value); },
    'fail-every': (b, value) => { b.failEvery = Number(value); },
    'turns-at': (b, value) => { b.turnsAt = Number(value); },
    'exit-status': (b, value) => { b.exitStatus = Number(value); },
    'health-status': (b, value) => { b.healthStatus = Number(value); },
    version: (b, value) => { b.version = value; },
  };
  const behaviour = { exitStatus: 1, healthStatus: 200, slowStart: 0, turnsAt: 0, burn: 0, version: read('VERSION').trim() || 'unknown' };
  for (const line of read('behaviour').split('\n').map((text) => text.split('#')[0].trim()).filter(Boolean)) {
    const [word, value] = line.split(/=(.*)/s);
    if (!known[word]) throw new Error(`behaviour ${line}: unknown; see the top of server.js`);
    known[word](behaviour, value);
  }
  return behaviour;
}

// The instances count together, through files: a question to one of them is a question to all. A file whose process is
// dead counts for nothing.
const counted = path.join(process.env.PM2_HOME || release, 'in-flight');
let requests = 0;

function begin() {
  fs.mkdirSync(counted, { recursive: true });
  const file = path.join(counted, `${process.pid}-${requests += 1}`);
  fs.writeFileSync(file, '');
  return () => fs.rmSync(file, { force: true });
}

function inFlight() {
  const files = fs.existsSync(counted) ? fs.readdirSync(counted) : [];
  return files.filter((file) => {
    try {
      process.kill(Number(file.split('-')[0]), 0);
      return true;
    } catch {
      return false;
    }
  }).length;
}

// The questions for /health are counted together too, by the length of a file: one byte a question.
function asked(behaviour) {
  const file = path.join(process.env.PM2_HOME || release, `asked-${behaviour.version}`);
  return {
    one: () => {
      fs.appendFileSync(file, '.');
      return fs.statSync(file).size;
    },
    all: () => (fs.existsSync(file) ? fs.statSync(file).size : 0),
  };
}

// Once so many questions for /health have been asked.
function atItsTurn(behaviour, act) {
  const { all } = asked(behaviour);
  const look = setInterval(() => {
    if (all() < behaviour.turnsAt) return;
    clearInterval(look);
    act();
  }, 10);
}

function healthStatus(behaviour, number) {
  const fails = behaviour.failEvery && number >= behaviour.turnsAt && number % behaviour.failEvery === 0;
  return fails ? 500 : behaviour.healthStatus;
}

function handler(behaviour) {
  const questions = asked(behaviour);
  return (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const before = inFlight();
    const end = begin();
    response.on('close', end);
    const text = (status, body, type = 'text/plain') => {
      end();
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body), Connection: 'close' });
      response.end(body);
    };
    const json = (status, body) => text(status, JSON.stringify(body), 'application/json');
    const version = `${behaviour.version}\n`;
    switch (url.pathname) {
      case '/health':
        return json(healthStatus(behaviour, questions.one()), {
          version: behaviour.version, pid: process.pid, instance: INSTANCE, release, inFlight: before,
        });
      case '/in-flight':
        return json(200, { inFlight: before });
      case '/missing':
        return text(404, 'not here\n');
      case '/slow':
        return setTimeout(() => text(200, version), Number(url.searchParams.get('ms') || 1000));
      case '/until': {
        const file = path.join(release, url.searchParams.get('file') || 'go');
        const last = Date.now() + HELD;
        const look = setInterval(() => {
          if (!fs.existsSync(file) && Date.now() < last) return;
          clearInterval(look);
          text(200, version);
        }, 2);
        return look;
      }
      default:
        return text(200, version);
    }
  };
}

// The child gets the socket as its stdin. Only in fork mode is there one: a worker of a cluster has none of its own.
function leave(server) {
  const child = spawn(process.execPath, [__filename, 'as-orphan'], {
    stdio: [server._handle, 'ignore', 'ignore'], detached: true, cwd: release,
  });
  child.unref();
  console.log(`left child ${child.pid} with the port`);
}

function serve() {
  const behaviour = behave();
  const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
  if (!(port > 0)) throw new Error('needs --port PORT');
  console.log(`version ${behaviour.version} starts in ${release}`);
  if (behaviour.crash) {
    console.error('ERROR crashes at once, as its behaviour says');
    process.exit(behaviour.exitStatus);
  }
  const server = http.createServer(handler(behaviour));
  let listening = false;
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => {
      if (behaviour.ignoreTerm) return console.log(`${signal}: not heeded, as its behaviour says`);
      if (!listening) return process.exit(0);
      console.log(`${signal}: finishes what is in flight`);
      server.close(() => process.exit(0));
      return server.closeIdleConnections();
    });
  }
  if (behaviour.logErrors) {
    let number = 0;
    atItsTurn(behaviour, () => setInterval(() => {
      console.error(`ERROR error number ${number += 1}, as its behaviour says`);
    }, behaviour.logErrors));
  }
  if (behaviour.burn) {
    atItsTurn(behaviour, () => Array.from({ length: behaviour.burn }, () => new Worker('for (;;);', { eval: true })));
  }
  if (behaviour.leak) {
    const kept = [];
    atItsTurn(behaviour, () => setInterval(() => kept.push(Buffer.alloc(Math.ceil(behaviour.leak / 10), 1)), 100));
  }
  if (behaviour.hang) return setInterval(() => {}, 60_000);
  server.on('error', (error) => {
    console.error(`ERROR cannot listen: ${error.message}`);
    process.exit(behaviour.exitStatus);
  });
  return setTimeout(() => server.listen(port, '127.0.0.1', () => {
    listening = true;
    console.log(`listens on 127.0.0.1:${port}`);
    if (behaviour.orphan) leave(server);
    if (behaviour.crashAfter !== undefined) {
      atItsTurn(behaviour, () => setTimeout(() => {
        console.error('ERROR crashes, as its behaviour says');
        process.exit(behaviour.exitStatus);
      }, behaviour.crashAfter));
    }
    if (behaviour.losePortAfter !== undefined) {
      atItsTurn(behaviour, () => setTimeout(() => {
        console.log('lets go of the port, as its behaviour says');
        server.close();
        server.closeIdleConnections();
        setInterval(() => {}, 60_000);
      }, behaviour.losePortAfter));
    }
  }), behaviour.slowStart);
}

if (process.argv.includes('as-orphan')) {
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {});
  setTimeout(() => process.exit(0), ORPHAN_LIFE);
} else {
  try {
    serve();
  } catch (error) {
    console.error(`ERROR ${error.message}`);
    process.exit(USAGE);
  }
}
