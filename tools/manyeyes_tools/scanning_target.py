"""How a running application is scanned (`scan_type: dast`), or what such a scan would do is planned.

No code is run here: the application is the operator's, already running, and listed by the operator.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.cores import compute
from manyeyes.errors import BadCall
from manyeyes_tools import findings_tool
from manyeyes_tools.evidence.remembered import remembered
from manyeyes_tools.findings import ScanResult, Severity
from manyeyes_tools.merging import merge, rank
from manyeyes_tools.probing.joining import join
from manyeyes_tools.probing.plan import plan
from manyeyes_tools.probing.prober import RULES, probe
from manyeyes_tools.probing.routes import routes_of
from manyeyes_tools.probing.scope import allowed, pinned, wire_target
from manyeyes_tools.sources import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import ScanArguments
    from manyeyes_tools.evidence import Evidence
    from manyeyes_tools.findings import Finding
    from manyeyes_tools.material import Material
    from manyeyes_tools.probing.prober import Run
    from manyeyes_tools.probing.routes import Routes
    from manyeyes_tools.probing.scope import Origin

ENGINE_NAMES = frozenset({"wapiti", "schemathesis"})
"""Whose findings are not proved unless a request of ours proved them."""
NOTHING_RUN = "Nothing was run: no `target_url` was sent. `plan` has the requests that one would get."


async def scan_target(arguments: ScanArguments, bench: Bench) -> ScanResult:
    """Probe what `target_url` names, or plan it from the code.

    Raises:
        BadCall: the operator has not listed the target, nothing answers there, or there is nothing to plan from.
    """
    given = any(one is not None for one in (arguments.code, arguments.paths, arguments.diff, arguments.git))
    if arguments.target_url is None and not given:
        raise BadCall("Send `target_url` to probe a running application, or code to plan what would be probed.")
    origin = allowed(arguments.target_url, bench.settings.dast.targets) if arguments.target_url is not None else None
    material: Material | None = None
    routes: Routes | None = None
    if given:
        await bench.progress("reading the code", 0, 1)
        material = await gather(arguments, bench)
        findings_tool.require_files(material)
        routes = await compute(routes_of, material)
    if origin is None or arguments.target_url is None:
        if routes is None:
            raise BadCall("There is nothing to plan from.")
        return _planned(routes, bench)
    start = wire_target(arguments.target_url)
    code = None
    if material is not None and routes is not None:
        code = _Code(material, await remembered.of(material, purpose="security"), routes)

    async def tell(message: str, done: int, total: int) -> None:
        await bench.progress(bench.redactor.mask_values(message), done, total)

    addresses = await pinned(origin)
    run = await probe(
        origin,
        addresses,
        start,
        routes.entries if routes else (),
        limits=bench.settings.dast,
        tell=tell,
        document=routes.document if routes else "",
        mask=bench.redactor.mask,
    )
    if arguments.model is not None:
        run.notes.append("No model was asked: what a request proves needs no judgement.")
    return await _concluded(run, origin, code, bench)


def _planned(routes: Routes, bench: Bench) -> ScanResult:
    rows, total = plan(routes.entries)
    if not rows:
        raise BadCall(
            "Nothing was run, and nothing can be planned: what was given holds no route of a known framework and no "
            "OpenAPI description. Send the files that declare the routes, or `target_url`."
        )
    more = [f"The plan has {total} rows; the first {len(rows)} are here."] if total > len(rows) else []
    return ScanResult(
        status="partial",
        summary=f"Nothing was run. The code has {len(routes.entries)} routes; a target would get {total} checks.",
        problems=[NOTHING_RUN, *routes.problems],
        notes=more,
        run=bench.run(),
        findings=[],
        scan_type="dast",
        rules_run=0,
        sarif=f"manyeyes://runs/{bench.run_id}/sarif",
        plan=rows,
    )


@dataclass(frozen=True, slots=True)
class _Code:
    """The application's code, where it was given: what engines say of it, and its routes."""

    material: Material
    evidence: Evidence
    routes: Routes


async def _concluded(run: Run, origin: Origin, code: _Code | None, bench: Bench) -> ScanResult:
    lines = {file.path: file.masked.split("\n") for file in code.material.files} if code else {}
    static = await compute(merge, code.evidence.findings) if code else ()
    mask = bench.redactor.mask
    joined = await anyio.to_thread.run_sync(join, run.proofs, static, lines, origin, mask, run.unproved)
    findings, _ = rank([_without(bench.redactor.mask_values, one) for one in joined], None)
    if not run.tried and not run.problems:
        run.problems.append(
            "No input was found, so only headers, cookies and CORS were looked at. Send `code` or `paths` as well."
        )
    problems = [*run.problems]
    # A target may put what it was sent into its addresses, and so the operator's headers.
    problems = [bench.redactor.mask_values(one) for one in problems]
    notes = [bench.redactor.mask_values(one) for one in run.notes]
    if code:
        problems += [*code.routes.problems, *code.evidence.problems, *code.material.missing()]
    return ScanResult(
        status="partial" if problems else "complete",
        summary=_summary(run, origin, findings),
        problems=problems,
        notes=[*notes, *(code.material.left_alone() if code else ())],
        run=bench.run(),
        findings=list(findings),
        counts=dict(Counter(str(one.severity) for one in findings)),
        scan_type="dast",
        rules_run=RULES + (code.evidence.rules_run if code else 0),
        sarif=f"manyeyes://runs/{bench.run_id}/sarif",
    )


def _without(mask: Callable[[str], str], finding: Finding) -> Finding:
    """The finding with what must not be shown masked in its title and its addresses too."""
    trace = [one.model_copy(update={"path": mask(one.path)}) for one in finding.trace]
    return finding.model_copy(update={"path": mask(finding.path), "title": mask(finding.title), "trace": trace})


def _summary(run: Run, origin: Origin, findings: Sequence[Finding]) -> str:
    proved = [one for one in findings if any(source.startswith("manyeyes:dast-") for source in one.sources)]
    did = f"{run.tried} inputs of {len(run.entries)} entries were tried with {run.requests} requests."
    others = [one for one in findings if one not in proved and _by_others_alone(one)]
    rest = len(findings) - len(proved) - len(others)
    seen = f" {rest} more were seen in the code and not proved by a request." if rest else ""
    seen += f" {len(others)} more were reported by other scanners and not proved." if others else ""
    if not proved:
        return f"Nothing was proved at {origin}. {did}{seen}"
    counts = Counter(one.severity for one in proved)
    listed = ", ".join(f"{counts[one]} {one}" for one in Severity if counts[one])
    return f"{len(proved)} weakness{'es' * (len(proved) > 1)} proved at {origin} ({listed}). {did}{seen}"


def _by_others_alone(finding: Finding) -> bool:
    return all(source.partition(":")[0] in ENGINE_NAMES for source in finding.sources)
