# ruff: noqa: PLR0917 -- fixtures
"""Each way in which a repository can make git run a command: plain git runs it, we do not."""

from __future__ import annotations

import pytest

from manyeyes.errors import BadCall
from manyeyes.redaction import Redactor
from manyeyes_tools.sources import MaterialArguments, read_material


@pytest.fixture
def canary(tmp_path):
    """A command that leaves a trace, and then does what the place it stands at expects (copies input to output)."""
    trace = tmp_path / "canary-ran"
    script = tmp_path / "canary.sh"
    script.write_text(
        f'#!/bin/sh\necho "$0 $*" >> {trace}\nif [ -f "$1" ]; then cat "$1"; elif [ $# -eq 0 ]; then cat; fi\n'
    )
    script.chmod(0o755)
    return script, trace


@pytest.fixture
def ours(root, limits):
    def read_all():
        found = []
        for revisions in ("working", "staged", "HEAD~1", "HEAD~1..HEAD"):
            arguments = MaterialArguments(git=revisions)
            try:
                found += [file.path for file in read_material(arguments, (root,), limits, Redactor()).files]
            except BadCall as error:
                assert "unable to read" in str(error)  # noqa: PT017 -- an object that would have to be fetched
        read_material(MaterialArguments(paths=(".",)), (root,), limits, Redactor())
        return found

    return read_all


def staged_and_changed(repository, put, plain_git):
    put("staged.py", "s = 1\n")
    put("app.py", "a = 1\nb = 22\nc = 44\n")
    plain_git("add", "staged.py", cwd=repository)


def fsmonitor(git, repo, script, put):
    git("config", "core.fsmonitor", str(script), cwd=repo)
    return ("status",)


def hooks_path(git, repo, script, put):
    hooks = repo.parent / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-auto-gc", "fsmonitor-watchman", "reference-transaction", "post-checkout"):
        (hooks / name).symlink_to(script)
    git("config", "core.hooksPath", str(hooks), cwd=repo)
    put("app.py", "a = 1\nb = 22\nc = 44\n")
    return ("update-index", "--refresh", "--really-refresh", "--add", "app.py")


def own_hooks(git, repo, script, put):
    (repo / ".git" / "hooks").mkdir(exist_ok=True)
    (repo / ".git" / "hooks" / "post-index-change").symlink_to(script)
    return ("update-index", "--add", "app.py")


def diff_external(git, repo, script, put):
    git("config", "diff.external", str(script), cwd=repo)
    return ("diff",)


def diff_command(git, repo, script, put):
    put(".gitattributes", "*.py diff=evil\n")
    git("config", "diff.evil.command", str(script), cwd=repo)
    return ("diff",)


def diff_textconv(git, repo, script, put):
    put(".gitattributes", "*.py diff=evil\n")
    git("config", "diff.evil.textconv", str(script), cwd=repo)
    return ("diff",)


def info_attributes(git, repo, script, put):
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("*.py diff=evil\n")
    git("config", "diff.evil.textconv", str(script), cwd=repo)
    return ("diff",)


def filter_clean(git, repo, script, put):
    put(".gitattributes", "*.py filter=evil\n")
    git("config", "filter.evil.clean", str(script), cwd=repo)
    return ("diff",)


def filter_smudge(git, repo, script, put):
    put(".gitattributes", "*.py filter=evil\n")
    git("config", "filter.evil.smudge", str(script), cwd=repo)
    return ("cat-file", "--filters", "HEAD:app.py")


def filter_process(git, repo, script, put):
    put(".gitattributes", "*.py filter=evil\n")
    git("config", "filter.evil.process", str(script), cwd=repo)
    return ("diff",)


def pager(git, repo, script, put):
    git("config", "core.pager", str(script), cwd=repo)
    git("config", "pager.diff", str(script), cwd=repo)
    return ("--paginate", "diff")


def include(git, repo, script, put):
    (repo.parent / "included").write_text(f"[diff]\n\texternal = {script}\n")
    git("config", "include.path", str(repo.parent / "included"), cwd=repo)
    return ("diff",)


def include_if(git, repo, script, put):
    (repo.parent / "included").write_text(f"[core]\n\tfsmonitor = {script}\n")
    git("config", f"includeIf.gitdir:{repo}/.path", str(repo.parent / "included"), cwd=repo)
    return ("status",)


def worktree_config(git, repo, script, put):
    git("config", "extensions.worktreeConfig", "true", cwd=repo)
    git("config", "--worktree", "diff.external", str(script), cwd=repo)
    return ("diff",)


def global_config(git, repo, script, put):
    git("config", "--global", "diff.external", str(script), cwd=repo)
    return ("diff",)


def ssh_command(git, repo, script, put):
    git("config", "core.sshCommand", str(script), cwd=repo)
    git("config", "remote.origin.url", "ssh://host.invalid/x", cwd=repo)
    return ("ls-remote", "ssh://host.invalid/x")


def alias(git, repo, script, put):
    for name in ("diff", "ls-files", "check-ignore", "cat-file", "rev-parse", "zz"):
        git("config", f"alias.{name}", f"!{script}", cwd=repo)
    return ("zz",)


def credential_helper(git, repo, script, put):
    git("config", "credential.helper", str(script), cwd=repo)
    return ("credential", "fill")


def askpass(git, repo, script, put):
    git("config", "core.askPass", str(script), cwd=repo)
    return ("-c", "credential.helper=", "credential", "fill")


def lazy_fetch(git, repo, script, put):
    blob = git("rev-parse", "HEAD~1:old.py", cwd=repo).strip()
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    git("config", "core.repositoryformatversion", "1", cwd=repo)
    git("config", "extensions.partialClone", "origin", cwd=repo)
    git("config", "remote.origin.promisor", "true", cwd=repo)
    git("config", "remote.origin.url", f"ext::{script} %S", cwd=repo)
    git("config", "protocol.ext.allow", "always", cwd=repo)
    return ("cat-file", "blob", blob)


def submodule(git, repo, script, put):
    inner = repo.parent / "inner"
    inner.mkdir()
    git("init", "-q", cwd=inner)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=inner)
    git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "sub", cwd=repo)
    git("config", "core.fsmonitor", str(script), cwd=repo / "sub")
    return ("diff", "HEAD")


MECHANISMS = [
    fsmonitor, hooks_path, own_hooks, diff_external, diff_command, diff_textconv, info_attributes, filter_clean,
    filter_smudge, filter_process, pager, include, include_if, worktree_config, global_config, ssh_command, alias,
    credential_helper, askpass, lazy_fetch, submodule,
]  # fmt: skip


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.__name__)
def test_what_plain_git_runs_we_do_not(mechanism, repository, canary, plain_git, put, ours, monkeypatch, tmp_path):
    script, trace = canary
    staged_and_changed(repository, put, plain_git)
    command = mechanism(plain_git, repository, script, put)
    trace.unlink(missing_ok=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    found = ours()
    assert {"app.py", "staged.py"} <= set(found)
    assert not trace.exists(), trace.read_text()

    plain_git(
        *command, cwd=repository, check=False, terminal=mechanism is pager, given="protocol=https\nhost=x.invalid\n\n"
    )
    assert trace.exists(), "the canary is dead: this test would prove nothing"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GIT_EXTERNAL_DIFF", "{script}"),
        ("GIT_PAGER", "{script}"),
        ("GIT_SSH_COMMAND", "{script}"),
        ("GIT_CONFIG_PARAMETERS", "'diff.external={script}'"),
        ("GIT_CONFIG_GLOBAL", "{config}"),
        ("GIT_EXEC_PATH", "{folder}"),
        ("GIT_TRACE", "{trace}"),
        ("GIT_DIR", "/nonexistent"),
        ("GIT_INDEX_FILE", "/nonexistent"),
        ("GIT_OBJECT_DIRECTORY", "/nonexistent"),
    ],
)
def test_git_variables_are_not_inherited(variable, value, repository, canary, plain_git, put, ours, monkeypatch):
    script, trace = canary
    config = script.parent / "config"
    config.write_text(f"[diff]\n\texternal = {script}\n")
    folder = script.parent / "exec"
    folder.mkdir()
    (folder / "git-diff").symlink_to(script)
    staged_and_changed(repository, put, plain_git)
    monkeypatch.setenv(variable, value.format(script=script, trace=trace, config=config, folder=folder))
    assert {"app.py", "staged.py"} <= set(ours())
    assert not trace.exists()
