"""The house keeps its shape: small modules, small functions, telling names, nothing of one machine."""

import ast
import re
from pathlib import Path

MOST_LINES_OF_A_MODULE = 400
MOST_LINES_OF_A_FUNCTION = 60
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "managers", "misc"}
PACKAGE_SERVERS = re.compile(
    r"\b(pypi|npmjs|pythonhosted|docker|ghcr|quay|crates)\.(org|com|io)\b|//registry\.|index-url\s*=",
    re.IGNORECASE,
)
SOMEONES_FOLDER = re.compile(r"(?<![\w.~$}])/(home|work|Users)/")
LINK = re.compile(r"\]\((?!\w+:|#)([^)#]+)")


def long_functions(source: str) -> list[tuple[str, int]]:
    """Name and length of each function that is too long, its docstring counted and its decorators not."""
    functions = (n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    lengths = ((f.name, (f.end_lineno or f.lineno) - f.lineno + 1) for f in functions)
    return [(name, lines) for name, lines in lengths if lines > MOST_LINES_OF_A_FUNCTION]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def test_no_module_is_long(modules: list[Path], root: Path):
    lengths = {str(path.relative_to(root)): len(text_of(path).splitlines()) for path in modules}
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_MODULE} == {}


def test_no_function_is_long(modules: list[Path], root: Path):
    found = {str(path.relative_to(root)): long_functions(text_of(path)) for path in modules}
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_long_function_is_noticed_wherever_it_stands():
    body = "".join(f"        a{n} = {n}\n" for n in range(MOST_LINES_OF_A_FUNCTION))
    source = f"class Kitchen:\n    async def cook(self):\n{body}\n    def serve(self): ...\n"
    assert long_functions(source) == [("cook", MOST_LINES_OF_A_FUNCTION + 1)]


def test_every_folder_and_module_says_what_it_holds(modules: list[Path], root: Path):
    named = {path: {*path.relative_to(root).parts[:-1], path.stem} for path in modules}
    assert [str(path) for path, names in named.items() if names & EMPTY_NAMES] == []


def test_no_package_server_is_named(files: list[Path], root: Path):
    assert _that_match(PACKAGE_SERVERS, files, root) == {}


def test_no_folder_of_someones_machine_is_named(files: list[Path], root: Path):
    assert _that_match(SOMEONES_FOLDER, files, root) == {}


def test_patterns_find_what_they_are_for():
    assert PACKAGE_SERVERS.search("https://files." + "pythonhosted" + ".org/packages/")
    assert PACKAGE_SERVERS.search("--extra-" + "index-url" + "=https://example.com")
    assert SOMEONES_FOLDER.search('open("/' + 'home/anna/orders.csv")')
    assert not SOMEONES_FOLDER.search("see https://example.com/" + "work/")


def test_links_between_documents_lead_somewhere(files: list[Path]):
    pages = [path for path in files if path.suffix == ".md"]
    links = [(page, target) for page in pages for target in LINK.findall(text_of(page))]
    assert [f"{page}: {target}" for page, target in links if not (page.parent / target.strip()).exists()] == []


def _that_match(pattern: re.Pattern[str], files: list[Path], root: Path) -> dict[str, str]:
    matches = {str(path.relative_to(root)): pattern.search(text_of(path)) for path in files}
    return {name: match.group() for name, match in matches.items() if match}
