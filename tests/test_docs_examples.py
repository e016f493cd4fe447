"""The runner of the documentation's programs, judged by what it lets pass."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent

PRINTS = """
```python
import trio

async def main() -> None:
    print("hello", await trio.to_thread.run_sync(lambda: 41 + 1))

trio.run(main)
```
"""


@pytest.fixture
def docs(pytester: pytest.Pytester) -> pytest.Pytester:
    source = (ROOT / "conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(source)
    pytester.makepyprojecttoml(
        '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\n'
        'addopts = ["--import-mode=importlib"]\n'
    )
    return pytester


def run_page(docs: pytest.Pytester, text: str) -> pytest.RunResult:
    page = docs.path / "docs" / "how-to" / "page.md"
    page.parent.mkdir(parents=True)
    page.write_text(text, encoding="utf-8")
    return docs.runpytest_subprocess("docs")


def test_a_program_that_calls_trio_run_passes(docs: pytest.Pytester) -> None:
    run_page(docs, PRINTS).assert_outcomes(passed=1)


def test_the_readme_is_run_too(docs: pytest.Pytester) -> None:
    (docs.path / "README.md").write_text(PRINTS, encoding="utf-8")
    docs.runpytest_subprocess("README.md").assert_outcomes(passed=1)


@pytest.mark.parametrize("fence", ["python", "py", 'python title="app.py"'])
def test_a_block_fails_when_its_program_fails(
    docs: pytest.Pytester, fence: str
) -> None:
    bodies = [
        "raise ValueError('broken example')",
        "this is not Python",
        "import sys; sys.exit(3)",
        "import warnings; warnings.warn('deprecated', DeprecationWarning)",
        "assert __name__ != '__main__'",
    ]
    page = "\n".join(f"```{fence}\n{body}\n```\n" for body in bodies)
    run_page(docs, page).assert_outcomes(failed=len(bodies))


def test_blocks_share_no_names(docs: pytest.Pytester) -> None:
    page = "```python\nx = 1\n```\n\n```python\nprint(x)\n```\n"
    run_page(docs, page).assert_outcomes(passed=1, failed=1)


def test_a_clean_exit_of_the_program_is_a_pass(docs: pytest.Pytester) -> None:
    page = "```python\nimport sys\nsys.exit()\n```\n"
    run_page(docs, page).assert_outcomes(passed=1)


def test_the_traceback_points_into_the_page(docs: pytest.Pytester) -> None:
    page = "# Title\n\n```python\n\nraise ValueError('here')\n```\n"
    result = run_page(docs, page)
    result.stdout.fnmatch_lines(["*page.md:5:*ValueError*"])


def test_the_output_shown_must_be_the_output_printed(docs: pytest.Pytester) -> None:
    right, wrong = ("hello 42", "hello ..."), ("hello 41", "")
    page = "\n".join(
        f'{PRINTS}\nprints\n\n```text title="Output"\n{output}\n```\n'
        for output in right + wrong
    )
    run_page(docs, page).assert_outcomes(passed=len(right), failed=len(wrong))


def test_an_output_without_a_program_is_an_error(docs: pytest.Pytester) -> None:
    page = f'```text title="Output"\nhello\n```\n{PRINTS}'
    run_page(docs, page).assert_outcomes(errors=1)


def test_an_included_file_is_run_and_an_included_part_is_not(
    docs: pytest.Pytester,
) -> None:
    examples = docs.path / "examples"
    examples.mkdir()
    (examples / "good.py").write_text("print('ok')\n", encoding="utf-8")
    (examples / "bad.py").write_text("raise ValueError\n", encoding="utf-8")
    page = "\n".join(
        f'```python\n--8<-- "examples/{name}"\n```\n'
        for name in ("good.py", "bad.py", "bad.py:part")
    )
    run_page(docs, page).assert_outcomes(passed=1, failed=1)


def test_blocks_in_other_languages_are_left_alone(docs: pytest.Pytester) -> None:
    page = f"```sh\nexit 1\n```\n\n```text\nraise\n```\n{PRINTS}"
    run_page(docs, page).assert_outcomes(passed=1)


@pytest.mark.parametrize("place", ["docs/index.md", "docs/a/b/page.md", "README.md"])
def test_pages_are_found_wherever_they_stand(docs: pytest.Pytester, place: str) -> None:
    page = docs.path / place
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(PRINTS, encoding="utf-8")
    docs.runpytest_subprocess().assert_outcomes(passed=1)
