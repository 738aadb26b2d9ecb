"""Pipelines put together of every feature of `dvc.yaml`, with the edits that may befall them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Piece:
    """One feature: its files, what is put under DVC, and edits, each of a file by a text that is replaced by another.

    An edit whose old text is "" writes the whole file; of a file that DVC keeps it is added anew.
    """

    stages: str
    files: Mapping[str, str] = field(default_factory=dict)
    added: tuple[str, ...] = ()
    edits: tuple[tuple[str, str, str], ...] = ()
    below: bool = False


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
    ),
    "deeper": Piece(
        "  above:\n    cmd: cat lake/x/y/z.bin lake/read.me > above.txt\n    deps: [lake]\n    outs: [above.txt]\n",
        {"lake/x/y/z.bin": "z\n", "lake/read.me": "r\n"},
        ("lake/x/y/z.bin",),
        (("lake/x/y/z.bin", "z", "y"), ("lake/read.me", "r", "s")),
    ),
    "folder of a stage's outputs": Piece(
        "  makes:\n    cmd: mkdir -p built/two && cp made.src built/one && cp made.src built/two/x\n"
        "    deps: [made.src]\n    outs: [built/one, built/two]\n"
        "  takes:\n    cmd: cat built/one > taken.txt\n    deps: [built]\n    outs: [taken.txt]\n",
        {"made.src": "m\n"},
        (),
        (("made.src", "m", "n"), ("built/extra.md", "", "e\n")),
    ),
    "part of an output": Piece(
        "  part:\n    cmd: cat tree/a/1 > part.txt\n    deps: [tree/a/1]\n    outs: [part.txt]\n"
        "  branch:\n    cmd: ls tree/b > branch.txt\n    deps: [tree/b]\n    outs: [branch.txt]\n",
        _TREES,
        ("tree",),
        (("tree/a/1", "a/1", "b"), ("tree/b/2", "", "2\n"), ("tree/top", "top", "pot")),
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
}
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
