"""Files of the fourteen languages are known by their names and first lines."""

from __future__ import annotations

import pytest

from manyeyes_tools.languages import language_of, named_language


@pytest.mark.parametrize(
    ("names", "language"),
    [
        ("a.py a.pyi a.pyw", "python"),
        ("a.ts a.tsx a.mts a.cts", "typescript"),
        ("a.js a.jsx a.mjs a.cjs", "javascript"),
        ("a.go", "go"),
        ("A.java", "java"),
        ("a.rs", "rust"),
        ("a.c a.h", "c"),
        ("a.cpp a.cc a.cxx a.c++ a.hpp a.hh a.hxx a.ipp", "cpp"),
        ("A.cs a.csx", "csharp"),
        ("a.rb a.rake a.gemspec Gemfile Rakefile config.ru", "ruby"),
        ("a.php a.phtml", "php"),
        ("A.kt a.kts", "kotlin"),
        ("a.sh a.bash a.zsh .bashrc .bash_profile PKGBUILD", "shell"),
        ("a.sql a.ddl a.pgsql", "sql"),
    ],
)
def test_by_name(names, language):
    assert {name: language_of(name) for name in names.split()} == dict.fromkeys(names.split(), language)


@pytest.mark.parametrize(
    ("first", "language"),
    [
        ("#!/usr/bin/env python3", "python"),
        ("#!/usr/bin/env -S node --no-warnings", "javascript"),
        ("#!/usr/bin/env ts-node", "typescript"),
        ("#!/bin/bash -e", "shell"),
        ("#!/bin/dash", "shell"),
        ("#!/usr/bin/ruby -w", "ruby"),
        ("#!/usr/bin/php", "php"),
        ("#!/usr/bin/psql -f", "sql"),
        ("#!/usr/bin/env kotlin", "kotlin"),
    ],
)
def test_by_first_line(first, language):
    assert language_of("tool", f"{first}\n") == language


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("C#", "csharp"),
        ("c++", "cpp"),
        ("golang", "go"),
        ("bash", "shell"),
        ("postgres", "sql"),
        (".tsx", "typescript"),
    ],
)
def test_by_what_it_is_called(said, language):
    assert named_language(said) == language
