// Serves a small model on loopback as OpenAI's Chat Completions, by node-llama-cpp: `node small_model.mjs MODEL.gguf [PORT]`.
// MODULES names the folder that holds node-llama-cpp, where it is not installed beside this file.
// A JSON Schema in `response_format` becomes a grammar, so that the answer has that shape whatever the model would say.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { join } from "node:path";

const [, , path, port = "0"] = process.argv;
const require = createRequire(process.env.MODULES ? join(process.env.MODULES, "x.js") : import.meta.url);
const { getLlama, LlamaChatSession } = await import(pathToFileURL(require.resolve("node-llama-cpp")).href);

// One thread: several wait for each other, which takes minutes where the cores are busy with something else.
const llama = await getLlama({ gpu: false, build: "never", logLevel: "error", maxThreads: 1 });
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: 8192 });
const sequence = context.getSequence();
let turn = Promise.resolve(); // one question at a time: there is one sequence

// What the grammar cannot express is left to the caller's validation.  A small model does not know when to stop, so
// every text and list ends soon: then the answer is whole, if brief.
const KEPT = new Set(["type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "$ref", "$defs", "additionalProperties"]);
function bounded(schema) {
  if (Array.isArray(schema)) return schema.map(bounded);
  if (schema === null || typeof schema !== "object") return schema;
  const out = {};
  for (const [key, value] of Object.entries(schema)) {
    if (key === "properties" || key === "$defs")
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bounded(inner)]));
    else if (KEPT.has(key)) out[key] = key === "enum" || key === "required" ? value : bounded(value);
  }
  if (out.type === "string" && !out.enum) out.maxLength = 120;
  if (out.type === "array") out.maxItems = 1;
  if (out.type === "number" && schema.maximum === 1) return { enum: [0.1, 0.3, 0.5, 0.7, 0.9] };
  return out;
}

async function answer(asked) {
  const system = asked.messages.filter((one) => one.role === "system").map((one) => one.content).join("\n\n");
  const words = asked.messages.filter((one) => one.role !== "system").map((one) => (typeof one.content === "string" ? one.content : ""));
  const format = asked.response_format;
  const schema = format?.json_schema?.schema ?? format?.schema;
  const grammar = schema ? await llama.createGrammarForJsonSchema(bounded(schema)) : undefined;
  await sequence.clearHistory();
  const session = new LlamaChatSession({ contextSequence: sequence, systemPrompt: system || undefined });
  const prompt = words.join("\n\n");
  const before = sequence.tokenMeter.getState();
  const limit = Math.min(asked.max_tokens ?? asked.max_completion_tokens ?? 256, 700);
  const said = await session.promptWithMeta(prompt, { maxTokens: limit, temperature: 0, grammar });
  const used = sequence.tokenMeter.diff(before);
  session.dispose({ disposeSequence: false });
  return { text: said.responseText, finish: said.stopReason === "maxTokens" ? "length" : "stop", used };
}

function body(request) {
  return new Promise((resolve) => {
    let text = "";
    request.on("data", (piece) => (text += piece));
    request.on("end", () => resolve(text));
  });
}

const server = createServer(async (request, response) => {
  const send = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(value));
  };
  if (request.url === "/v1/models") {
    send(200, { object: "list", data: [{ id: "smollm2", object: "model", created: 1, owned_by: "here" }] });
    return;
  }
  const asked = JSON.parse(await body(request));
  turn = turn.then(async () => {
    try {
      const { text, finish, used } = await answer(asked);
      const chunk = (delta, finish_reason = null) => ({ id: "c", object: "chat.completion.chunk", created: 1, model: "smollm2", choices: [{ index: 0, delta, finish_reason }] });
      const usage = { prompt_tokens: used.usedInputTokens, completion_tokens: used.usedOutputTokens, total_tokens: used.usedInputTokens + used.usedOutputTokens };
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const one of [chunk({ role: "assistant", content: text }), chunk({}, finish), { ...chunk({}), choices: [], usage }])
        response.write(`data: ${JSON.stringify(one)}\n\n`);
      response.end("data: [DONE]\n\n");
    } catch (error) {
      send(400, { error: { message: String(error.message ?? error), type: "invalid_request_error" } });
    }
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
