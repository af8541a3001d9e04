// Serves a small model on loopback as OpenAI's Chat Completions, by node-llama-cpp: `node small_model.mjs MODEL.gguf [PORT]`.
// A JSON Schema in `response_format` becomes a grammar, so that the answer has that shape whatever the model would say.
// One question is answered at a time; the others wait.  Its answers are its own: nothing here mends what it says.
import { createServer } from "node:http";
import { basename } from "node:path";
import { getLlama, LlamaChatSession } from "node-llama-cpp";

const [, , path, port = "0"] = process.argv;
const WINDOW = 8192; // what it was trained for
const NAME = basename(path).replace(/\.gguf$/i, "");

// One thread: several wait for each other, which takes minutes where the cores are busy with something else.
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 1 });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: WINDOW });
const sequence = context.getSequence();
let turn = Promise.resolve();

// What the grammar cannot express is left to the caller's validation.  A small model does not know when to stop, so
// every text and list ends soon: then the answer is whole, if brief.
const KEPT = new Set(["type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "$ref", "$defs", "additionalProperties"]);
const LONGEST_TEXT = 120, MOST_ITEMS = 3;
function bounded(schema) {
  if (Array.isArray(schema)) return schema.map(bounded);
  if (schema === null || typeof schema !== "object") return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties" || key === "$defs")
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bounded(inner)]));
    else if (KEPT.has(key)) out[key] = key === "enum" || key === "required" ? value : bounded(value);
  }
  if (out.type === "string" && !out.enum) out.maxLength = Math.min(LONGEST_TEXT, schema.maxLength ?? LONGEST_TEXT);
  if (out.type === "array") out.maxItems = Object.keys(schema.items?.properties ?? {}).length > 5 || schema.items?.$ref ? 1 : MOST_ITEMS;
  if (out.type === "number" && schema.maximum === 1) return { enum: [0.1, 0.3, 0.5, 0.7, 0.9] };
  return out;
}

const text = (content) => (typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join(""));

class TooLong extends Error {}

async function answer(asked, { signal, tell }) {
  const said = asked.messages.map(({ role, content }) => ({ role, text: text(content) }));
  const question = said.pop();
  const history = said.map((one) =>
    one.role === "assistant" ? { type: "model", response: [one.text] } : { type: one.role === "system" ? "system" : "user", text: one.text });
  const format = asked.response_format;
  const schema = format?.json_schema?.schema ?? format?.schema;
  const grammar = schema ? await llama.createGrammarForJsonSchema(bounded(schema)) : undefined;
  const maxTokens = Math.min(asked.max_completion_tokens ?? asked.max_tokens ?? 512, WINDOW / 2);
  const long = [...said, question].reduce((sum, one) => sum + model.tokenize(one.text).length + 8, 0);
  if (long + maxTokens > WINDOW) throw new TooLong(`This model's maximum context length is ${WINDOW} tokens; ${long} and an answer of ${maxTokens} were asked for.`);
  const session = new LlamaChatSession({ contextSequence: sequence }); // what begins alike is not read again
  try {
    session.setChatHistory(history);
    const before = sequence.tokenMeter.getState();
    const told = await session.promptWithMeta(question.text, { maxTokens, temperature: 0, grammar, signal, onTextChunk: tell });
    const used = sequence.tokenMeter.diff(before);
    return { finish: told.stopReason === "maxTokens" ? "length" : "stop", input: long, output: used.usedOutputTokens };
  } finally {
    session.dispose({ disposeSequence: false });
  }
}

async function body(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return JSON.parse(Buffer.concat(pieces).toString("utf8"));
}

async function complete(asked, response) {
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  if (response.destroyed) return;
  const chunk = (delta, finish_reason = null) => ({ id: "c", object: "chat.completion.chunk", created: 1, model: NAME, choices: [{ index: 0, delta, finish_reason }] });
  const send = (value) => {
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`data: ${value}\n\n`);
  };
  try {
    const told = await answer(asked, { signal: gone.signal, tell: (content) => send(JSON.stringify(chunk({ content }))) });
    send(JSON.stringify(chunk({}, told.finish)));
    const usage = { prompt_tokens: told.input, completion_tokens: told.output, total_tokens: told.input + told.output };
    send(JSON.stringify({ ...chunk({}), choices: [], usage }));
    send("[DONE]");
    response.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    if (response.headersSent) return response.destroy();
    const code = error instanceof TooLong ? "context_length_exceeded" : null;
    response.writeHead(code ? 400 : 500, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { message: String(error.message ?? error), type: code ? "invalid_request_error" : "server_error", code } }));
  }
}

const server = createServer(async (request, response) => {
  if (request.url === "/v1/models") {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ object: "list", data: [{ id: NAME, object: "model", created: 1, owned_by: "here" }] }));
    return;
  }
  const asked = await body(request);
  turn = turn.then(() => complete(asked, response));
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
