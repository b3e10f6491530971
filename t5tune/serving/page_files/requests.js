// Asks the server, and says in words what went wrong.
"use strict";

const TOO_MANY = 429;
const LONGEST_WAIT = 30; // seconds between tries

// What the server, or the lack of it, answered instead of a translation.
class Refusal extends Error {
  constructor(message, status, waitSeconds = null) {
    super(message);
    this.status = status; // 0 if there is no answer
    this.waitSeconds = waitSeconds; // after which trying again makes sense; null if it does not
  }
}

const connection = { key: "", mostBytes: Infinity };

function readStoredKey() {
  try {
    connection.key = sessionStorage.getItem("t5tune-key") ?? "";
  } catch {
    // Browsers may block storage; the key then lasts until the page is closed.
  }
}

function storeKey(key) {
  connection.key = key;
  try {
    sessionStorage.setItem("t5tune-key", key);
  } catch {
    // As above.
  }
}

async function refusalOf(response) {
  let said = "";
  try {
    said = (await response.json()).error ?? "";
  } catch {
    // A web server in between answers with pages of its own.
  }
  const wait = Number(response.headers.get("Retry-After")) || 3;
  switch (response.status) {
    case TOO_MANY:
      return new Refusal(`The server has too much to do. The page tries again in ${wait} s.`, TOO_MANY, wait);
    case 502: case 503: case 504:
      return new Refusal(`The server is busy or starts. The page tries again in ${wait} s.`, response.status, wait);
    case 403:
      return new Refusal("The server does not know this API key.", 403);
    case 413:
      return tooLarge();
    default:
      return new Refusal(said ? `The server says: ${said}.` : `The server answers with status ${response.status}.`, response.status);
  }
}

function tooLarge() {
  const most = Number.isFinite(connection.mostBytes) ? ` It takes ${connection.mostBytes.toLocaleString("en")} bytes.` : "";
  return new Refusal(`The text is longer than the server takes at once.${most}`, 413);
}

// Returns the response to a request; addresses are relative, so that the page may be below a path.
async function ask(path, fields = null, signal = null) {
  const options = { signal, cache: "no-store", headers: {} };
  if (connection.key !== "") {
    options.headers.Authorization = `Bearer ${connection.key}`;
  }
  if (fields !== null) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(fields);
    // A server that refuses a body closes the connection, which looks as if it were gone.
    if (new Blob([options.body]).size > connection.mostBytes) {
      throw tooLarge();
    }
  }
  let response = null;
  try {
    response = await fetch(path, options);
  } catch (error) {
    throw signal?.aborted ? error : serverIsGone();
  }
  if (!response.ok) {
    throw await refusalOf(response);
  }
  return response;
}

function serverIsGone() {
  return new Refusal("The server does not answer. The page tries again every few seconds.", 0, 3);
}

async function askJson(path, fields = null, signal = null) {
  return (await ask(path, fields, signal)).json();
}

// Yields the objects of an answer that comes line by line.
async function* askLines(path, fields, signal) {
  const response = await ask(path, fields, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let last = null;
  while (true) {
    let piece = null;
    try {
      piece = await reader.read();
    } catch (error) {
      throw signal.aborted ? error : serverIsGone();
    }
    if (piece.done) {
      break;
    }
    const lines = (rest + piece.value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      last = JSON.parse(line);
      if ("error" in last) {
        throw new Refusal(`The server says: ${last.error}.`, 500);
      }
      yield last;
    }
  }
  if (last?.done !== true) {
    throw serverIsGone();
  }
}
