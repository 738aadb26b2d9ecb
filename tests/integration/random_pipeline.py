"""Pipelines put together of every feature of `dvc.yaml`, with the edits that may befall them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conftest import Repo

# Beside the project: another repository with DVC, and files that are in none.
SOURCE, OUTSIDE = "../source", "../outside"


@dataclass(frozen=True)
class Import:
    """What `dvc import` or `dvc import-url` brought from `origin` to `path`.

    One that `follows` is updated when its origin changes.
    """

    origin: str
    path: str
    follows: bool = True
    rev: str | None = None


@dataclass(frozen=True)
class Piece:
    """One feature: its files, what is put under DVC, and edits, each of a file by a text that is replaced by another.

    An edit whose old text is "" writes the whole file; of a file that DVC keeps it is added anew. After an edit
    of an origin the imports that follow it are updated. `melted` imports are not frozen. DVC's dry run cannot tell of
    the stages `partly`, which read a folder that holds outputs or a part of one.
    """

    stages: str
    files: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    below: bool = False
    imports: tuple[Import, ...] = ()
    melted: tuple[str, ...] = ()
    partly: frozenset[str] = frozenset()


_IMAGES = {f"data/train/images/{name}": f"{name}\n" for name in ("1.txt", "2.txt", "deep/3.txt")}
_TREES = {f"tree/{name}": f"{name}\n" for name in ("a/1", "a/2", "b/1", "top")}

PIECES: dict[str, Piece] = {
    "folder of outputs": Piece(
        "  holds:\n    cmd: find data/train -name '*.txt' | sort > holds.txt\n    deps: [data/train]\n"
        "    outs: [holds.txt]\n",
        {**_IMAGES, "data/train/labels/1.txt": "l\n", "data/train/one.bin": "o\n", "data/train/notes.md": "n\n"},
        ("data/train/images", "data/train/labels", "data/train/one.bin"),
        (
            ("data/train/images/1.txt", "1", "9"),
            ("data/train/images/4.txt", "", "4\n"),
            ("data/train/one.bin", "o", "p"),
            ("data/train/notes.md", "n", "m"),
            ("data/train/more.md", "", "more\n"),
        ),
        partly=frozenset({"holds"}),
    ),
    "deeper": Piece(
        "  above:\n    cmd: cat lake/x/y/z.bin lake/read.me > above.txt\n    deps: [lake]\n    outs: [above.txt]\n",
        {"lake/x/y/z.bin": "z\n", "lake/read.me": "r\n"},
        ("lake/x/y/z.bin",),
        (("lake/x/y/z.bin", "z", "y"), ("lake/read.me", "r", "s")),
        partly=frozenset({"above"}),
    ),
    "folder of a stage's outputs": Piece(
        "  makes:\n    cmd: mkdir -p built/two && cp made.src built/one && cp made.src built/two/x\n"
        "    deps: [made.src]\n    outs: [built/one, built/two]\n"
        "  takes:\n    cmd: cat built/one > taken.txt\n    deps: [built]\n    outs: [taken.txt]\n",
        {"made.src": "m\n"},
        (),
        (("made.src", "m", "n"), ("built/extra.md", "", "e\n")),
        partly=frozenset({"takes"}),
    ),
    "part of an output": Piece(
        "  part:\n    cmd: cat tree/a/1 > part.txt\n    deps: [tree/a/1]\n    outs: [part.txt]\n"
        "  branch:\n    cmd: ls tree/b > branch.txt\n    deps: [tree/b]\n    outs: [branch.txt]\n",
        _TREES,
        ("tree",),
        (("tree/a/1", "a/1", "b"), ("tree/b/2", "", "2\n"), ("tree/top", "top", "pot")),
        partly=frozenset({"part", "branch"}),
    ),
    "ignored files": Piece(
        "  heeds:\n    cmd: ls heed/in > heeds.txt\n    deps: [heed/in]\n    outs: [heeds.txt]\n",
        {
            "heed/.dvcignore": "*.tmp\njunk/\n!keep.tmp\n/in/old.md\n",
            "heed/in/a.csv": "a\n",
            "heed/in/x.tmp": "x\n",
            "heed/in/keep.tmp": "k\n",
            "heed/in/old.md": "o\n",
            "heed/in/junk/b.csv": "b\n",
            "heed/in/set/1.csv": "1\n",
            "heed/in/set/2.tmp": "2\n",
        },
        ("heed/in/set",),
        (
            ("heed/in/x.tmp", "x", "y"),
            ("heed/in/keep.tmp", "k", "l"),
            ("heed/in/junk/b.csv", "b", "c"),
            ("heed/in/old.md", "o", "p"),
            ("heed/in/set/1.csv", "1", "3"),
            ("heed/.dvcignore", "junk/\n", ""),
        ),
        partly=frozenset({"heeds"}),
    ),
    "two templates": Piece(
        "  two:\n    cmd: cat ${base.dir}/${base.names[0]} > two_${base.flag}.txt\n    deps:\n"
        "    - ${base.dir}/${base.names[0]}\n    - '${ base.dir }/${base.names.1}'\n    outs:\n"
        "    - two_${base.flag}.txt\n",
        {"src/x.csv": "x\n", "src/y.csv": "y\n"},
        (),
        (("src/x.csv", "x", "xx"), ("src/y.csv", "y", "yy"), ("params.yaml", "flag: true", "flag: false")),
    ),
    "options": Piece(
        "  spliced:\n    cmd: echo ${options} \\${HOME} > spliced.txt\n    outs: [spliced.txt]\n",
        {},
        (),
        (("params.yaml", "rate: 0.5", "rate: 5e-1"), ("params.yaml", "name: a b", "name: a c")),
    ),
    "foreach": Piece(
        "  each:\n    foreach: ${flags}\n    do:\n      cmd: echo ${item} > e_${item}.txt\n      deps: [each.src]\n"
        "      outs: ['e_${item}.txt']\n"
        "  keyed:\n    foreach: {p: {v: 1}, q: {v: 2}}\n    do:\n      cmd: echo ${key}-${item.v} > k_${key}.txt\n"
        "      outs: ['k_${key}.txt']\n",
        {"each.src": "e\n"},
        (),
        (("each.src", "e", "f"), ("params.yaml", "[true, false]", "[true]"), ("dvc.yaml", "{v: 2}", "{v: 3}")),
    ),
    "matrix": Piece(
        "  grid:\n    matrix: {x: '${flags}', y: [1, null, 1.50], z: ['${base.dir}']}\n"
        "    cmd: echo ${item.x}${item.y}${item.z} ${key} > m_${key}.txt\n    outs: ['m_${key}.txt']\n",
        {},
        (),
        (("params.yaml", "[true, false]", "[false]"), ("dvc.yaml", "1.50", "1.5"), ("dvc.yaml", "1.50", "2.5")),
    ),
    "variables of its own": Piece(
        "  own:\n    wdir: ${base.low}\n    vars: [own.yaml:one, {two: 2}]\n"
        "    cmd: echo ${one} ${two} ${base.dir} > own.txt\n    deps: [../own.src]\n    outs: [own.txt]\n",
        {"low/own.yaml": "one: 1\nnot: 2\n", "own.src": "o\n"},
        (),
        (("low/own.yaml", "one: 1", "one: 2"), ("low/own.yaml", "not: 2", "not: 3"), ("own.src", "o", "p")),
    ),
    "parameter files": Piece(
        "  params:\n    cmd: touch params.txt\n    params: [base.dir, p.py: [rate, Net.depth, both], q.toml: [a.b], "
        "r.json: [c]]\n    outs: [params.txt]\n",
        {
            "p.py": "rate = 0.1\nboth = (1, 2)\nunused = 1\n\n\nclass Net:\n    depth: int = 3\n    size = rate\n",
            "q.toml": "[a]\nb = [1, {c = 2}]\n",
            "r.json": '{"c": {"d": [1, null]}}',
        },
        (),
        (
            ("p.py", "0.1", "0.2"),
            ("p.py", "(1, 2)", "(1, 3)"),
            ("p.py", "unused = 1", "unused = 2"),
            ("p.py", "= 3", "= 2 + 1"),
            ("q.toml", "c = 2", "c = 3"),
            ("r.json", "null", "0"),
        ),
    ),
    "frozen": Piece(
        "  ice:\n    frozen: false\n    cmd: cat ice.src > ice.txt\n    deps: [ice.src]\n    outs: [ice.txt]\n",
        {"ice.src": "i\n"},
        (),
        (("ice.src", "i", "j"), ("dvc.yaml", "cat ice.src", "cat -u ice.src")),
    ),
    "in git": Piece(
        "  git:\n    cmd: mkdir -p plots && cp git.src plots/p.csv && cp git.src m.json\n    deps: [git.src]\n"
        "    metrics: [m.json: {cache: false}]\n    outs: [plots: {cache: false}]\n"
        "  sums:\n    cmd: ls plots > sums.txt\n    deps: [plots]\n    outs: [sums.txt]\n",
        {"git.src": "1\n"},
        (),
        (("git.src", "1", "2"), ("plots/p.csv", "1", "3"), ("m.json", "1", "4")),
    ),
    "a pipeline below": Piece(
        "  below:\n    cmd: cat ../up.bin ${name}.src > below.txt\n    deps: [../up.bin, '${name}.src']\n"
        "    params: [name]\n    outs: [below.txt]\n",
        {"up.bin": "u\n", "sub/params.yaml": "name: low\n", "sub/low.src": "l\n", "sub/high.src": "h\n"},
        ("up.bin",),
        (("up.bin", "u", "v"), ("sub/low.src", "l", "m"), ("sub/params.yaml", "low", "high")),
        below=True,
    ),
    "imported files": Piece(
        "  files:\n    cmd: cat in/file.bin tagged.bin still.bin git.txt > files.txt\n"
        "    deps: [in/file.bin, tagged.bin, still.bin, git.txt]\n    outs: [files.txt]\n"
        "  addresses:\n    cmd: cat f.csv near.csv > addresses.txt\n    deps: [f.csv, near.csv]\n"
        "    outs: [addresses.txt]\n"
        "  loose:\n    cmd: cat loose.csv > loose.txt\n    deps: [loose.csv]\n    outs: [loose.txt]\n",
        {"in/.keep": "", f"{OUTSIDE}/f.csv": "f\n", f"{OUTSIDE}/near.csv": "n\n", f"{OUTSIDE}/loose.csv": "l\n"},
        imports=(
            Import(f"{SOURCE}/file.bin", "in/file.bin"),
            Import(f"{SOURCE}/file.bin", "tagged.bin", rev="first"),
            Import(f"{SOURCE}/file.bin", "still.bin", follows=False),
            Import(f"{SOURCE}/git.txt", "git.txt"),
            Import(f"{OUTSIDE}/f.csv", "f.csv"),
            Import(f"{OUTSIDE}/near.csv", "near.csv", follows=False),
            Import(f"{OUTSIDE}/loose.csv", "loose.csv", follows=False),
        ),
        melted=("loose.csv",),
        edits=(
            (f"{SOURCE}/file.bin", "f", "g"),
            (f"{SOURCE}/git.txt", "g", "h"),
            (f"{OUTSIDE}/f.csv", "f", "g"),
            (f"{OUTSIDE}/near.csv", "n", "m"),
            (f"{OUTSIDE}/loose.csv", "l", "k"),
        ),
    ),
    "imported folders": Piece(
        "  far:\n    cmd: find far -type f ! -name '*.dvc' | sort > far.txt\n    deps: [far]\n    outs: [far.txt]\n"
        "  set:\n    cmd: ls far/set far/git > set.txt\n    deps: [far/set, far/git]\n    outs: [set.txt]\n"
        "  inner:\n    cmd: cat far/set/deep/2 far/urls/u > inner.txt\n    deps: [far/set/deep/2, far/urls/u]\n"
        "    outs: [inner.txt]\n"
        "  url:\n    cmd: ls far/urls > url.txt\n    deps: [far/urls]\n    outs: [url.txt]\n",
        {"far/notes.md": "n\n", f"{OUTSIDE}/urls/u": "u\n", f"{OUTSIDE}/urls/deep/v": "v\n"},
        imports=(
            Import(f"{SOURCE}/set", "far/set"),
            Import(f"{SOURCE}/folder", "far/git"),
            Import(f"{SOURCE}/file.bin", "far/one.bin", follows=False),
            Import(f"{OUTSIDE}/urls", "far/urls"),
        ),
        edits=(
            ("far/notes.md", "n", "m"),
            (f"{SOURCE}/set/1", "1", "9"),
            (f"{SOURCE}/set/deep/2", "2", "8"),
            (f"{SOURCE}/folder/x", "x", "y"),
            (f"{OUTSIDE}/urls/more", "", "w\n"),
        ),
        partly=frozenset({"far", "inner"}),
    ),
}
_ORIGIN = {"file.bin": "f\n", "set/1": "1\n", "set/deep/2": "2\n", "git.txt": "g\n", "folder/x": "x\n"}
_ADDED_AT_ORIGIN = ("file.bin", "set")
PARAMS = """\
base: {dir: src, names: [x.csv, y.csv], flag: true, low: low}
options: {rate: 0.5, name: a b, on: true, off: false, many: [1, 2], deep: {er: x}}
flags: [true, false]
"""


def files(names: list[str]) -> dict[str, str]:
    """The files of a project of some pieces."""
    found = {"params.yaml": PARAMS, "src/x.csv": "x\n", "low/.keep": "", ".gitignore": "/.dvc/tmp\n"}
    for below, path in ((False, "dvc.yaml"), (True, "sub/dvc.yaml")):
        stages = "".join(PIECES[name].stages for name in names if PIECES[name].below == below)
        found |= {path: f"stages:\n{stages}"} if stages else {}
    for name in names:
        found |= PIECES[name].files
    return found


@contextmanager
def dvc(root: Path) -> Iterator[Any]:
    """DVC's own API, in the folder that a user would stand in."""
    from dvc.repo import Repo as DvcRepo

    with chdir(root), DvcRepo(str(root)) as repo:
        yield repo


def bring(project: Repo, names: list[str]) -> None:
    """Put under DVC what the pieces have there, and import what they import; the origins are made beside."""
    pieces = [PIECES[name] for name in names]
    if any(one.origin.startswith(SOURCE) for piece in pieces for one in piece.imports):
        _make_source(project)
    with dvc(project.root) as repo:
        for piece in pieces:
            for path in piece.added:
                repo.add(str(project.root / path))
            for one in piece.imports:
                if one.origin.startswith(SOURCE):
                    path = one.origin.removeprefix(f"{SOURCE}/")
                    repo.imp(str(project.root.parent / "source"), path, out=one.path, rev=one.rev)
                else:
                    # DVC takes a relative address from the folder of the `.dvc` file.
                    origin = str((project.root / one.origin).resolve()) if "/" in one.path else one.origin
                    repo.imp_url(origin, out=one.path)
            for path in piece.melted:
                repo.unfreeze(f"{path}.dvc")


def _make_source(project: Repo) -> None:
    source = Repo(project.root.parent / "source")
    for path, content in _ORIGIN.items():
        source.write(path, content)
    source.git("init", "--quiet", "--initial-branch", "main")
    source.run("dvc", "init", "--quiet")
    with dvc(source.root) as repo:
        for path in _ADDED_AT_ORIGIN:
            repo.add(str(source.root / path))
    source.commit("first")
    source.git("tag", "first")


def edit_origin(project: Repo, path: str, names: list[str]) -> None:
    """Record an edit of an origin where it was made, and update what follows it."""
    if path.startswith(f"{SOURCE}/"):
        source = Repo(project.root.parent / "source")
        with dvc(source.root) as repo:
            for added in _ADDED_AT_ORIGIN:
                repo.add(str(source.root / added))
        source.commit("edited")
    with dvc(project.root) as repo:
        for one in [one for name in names for one in PIECES[name].imports]:
            if one.follows and (path == one.origin or path.startswith(f"{one.origin}/")):
                repo.update([f"{one.path}.dvc"])
        repo.push()
