// The TypeScript SDK's client: does what it is asked to, and prints what it saw as one JSON object.
// Usage: node ts_client.mjs TARGET ERA CODE_FILE [HANGING_VENDOR_URL]
// TARGET is an http address, or JSON {"command", "args"} for stdio; ERA is "legacy" or "auto".  With the address of a
// hanging vendor it only cancels a call that waits for that vendor.
import { readFileSync } from "node:fs";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

const [target, era, codeFile, vendor] = process.argv.slice(2);
const transport = target.startsWith("http")
  ? new StreamableHTTPClientTransport(new URL(target))
  : new StdioClientTransport({ ...JSON.parse(target), env: process.env, stderr: "inherit" });
const client = new Client({ name: "many-eyes-trial", version: "1.0.0" }, { versionNegotiation: { mode: era } });
await client.connect(transport);

const code = readFileSync(codeFile, "utf8");
const seen = {};
const refused = (attempt) => attempt.then(() => null, (error) => ({ code: error.code, message: error.message }));

async function look() {
  Object.assign(seen, { server: client.getServerVersion(), protocol: client.getNegotiatedProtocolVersion() });
  seen.lists = {
    tools: (await client.listTools()).tools,
    resources: (await client.listResources()).resources,
    resourceTemplates: (await client.listResourceTemplates()).resourceTemplates,
    prompts: (await client.listPrompts()).prompts,
  };
  seen.progress = [];
  const onprogress = ({ progress }) => seen.progress.push(progress);
  seen.review = await client.callTool({ name: "code_review", arguments: { code, language: "python" } }, { onprogress });
  seen.scan = await client.callTool({ name: "security_scan", arguments: { code, language: "python" } });
  seen.docs = await client.callTool({ name: "doc_generator", arguments: { code, language: "python" } });
  seen.read = {};
  const run = `manyeyes://runs/${seen.scan.structuredContent.run.id}`;
  for (const uri of ["manyeyes://dashboard", "manyeyes://models", run, `${run}/sarif`]) {
    seen.read[uri] = (await client.readResource({ uri })).contents;
  }
  seen.prompt = await client.getPrompt({ name: "document_module", arguments: { path: "server" } });

  seen.badCall = await client.callTool({ name: "code_review", arguments: { snippet: code } });
  seen.unknownTool = await refused(client.callTool({ name: "no_such_tool", arguments: {} }));
  seen.unknownResource = await refused(client.readResource({ uri: "manyeyes://nothing" }));
  seen.unknownPrompt = await refused(client.getPrompt({ name: "no_such_prompt" }));
}

async function cancel() {
  const stop = new AbortController();
  const hanging = { name: "code_review", arguments: { code, language: "python" } };
  const cancelled = refused(client.callTool(hanging, { signal: stop.signal }));
  seen.asked = (await fetch(`${vendor}/asked`)).status === 204;
  stop.abort("enough");
  seen.cancelled = await cancelled;
  seen.hungUp = (await fetch(`${vendor}/hung-up`)).status === 204;
  seen.alive = (await client.readResource({ uri: "manyeyes://dashboard" })).contents.length;
}

try {
  await (vendor ? cancel() : look());
} finally {
  await client.close();
}
console.log(JSON.stringify(seen));
