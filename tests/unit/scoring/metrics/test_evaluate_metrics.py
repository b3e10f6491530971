"""Test metrics of the `evaluate` package, which loads the scripts that each test writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from t5tune.errors import T5TuneError
from t5tune.reporting.reports.report_building import build_report
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.metrics.evaluate_metrics import EvaluateScorer
from t5tune.scoring.score import Score, ScoringOptions
from t5tune.scoring.system_output import SystemOutput
from tests.hub.server import Hub

SEVERAL = '"references": datasets.Sequence(datasets.Value("string"))'
ONE = '"references": datasets.Value("string")'
SAME = "[float(p in r) for p, r in zip(predictions, references)]"

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a metric script, and return the name of the metric."""
    # Loaded scripts are in the cache of the library, by their hash.
    monkeypatch.chdir(tmp_path)

    def write_script(
        body: str,
        inputs: str = SEVERAL,
        parameters: str = "predictions, references",
        top: str = "",
        name: str = "agreement",
    ) -> str:
        text = (
            f"import datasets\nimport evaluate\n{top}\n"
            "class Agreement(evaluate.Metric):\n"
            "    def _info(self):\n"
            '        texts = datasets.Value("string")\n'
            f'        features = datasets.Features({{"predictions": texts, {inputs}}})\n'
            '        return evaluate.MetricInfo(description="", citation="",\n'
            '            inputs_description="", features=features)\n'
            f"    def _compute(self, {parameters}):\n"
            f"        {body}\n"
        )
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return f"evaluate:./{name}.py"

    return write_script


def score(
    metric: str,
    hypotheses: list[str],
    references: list[list[str]],
    sources: list[str] | None = None,
) -> list[Score]:
    return score_hypotheses(
        [metric], SystemOutput(hypotheses, references, sources), ScoringOptions(allow_code=True)
    )  # type: ignore[arg-type]


def test_code_is_not_run_unless_the_caller_allows_it(write: Write, tmp_path: Path) -> None:
    metric = write("return {}", top=f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    output = SystemOutput(["a"], [["a"]])
    for refused in (
        lambda: score_hypotheses([metric], output),
        lambda: sentence_scores(metric, output),
    ):
        with pytest.raises(T5TuneError, match=r"runs Python code from that script.*--allow-code"):
            refused()
    with pytest.raises(T5TuneError, match="runs Python code from the hub"):
        score_hypotheses(["evaluate:meteor"], output)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(T5TuneError, match="gives no number"):
        score(metric, ["a"], [["a"]])
    assert (tmp_path / "ran").exists()


def test_one_number_has_the_name_of_the_metric(write: Write, tmp_path: Path) -> None:
    metric = write(f"return {{'same': sum({SAME}) / len(predictions)}}")
    (result,) = score(metric, ["a", "b"], [["a", "x"], ["c"]])
    assert result.name == "evaluate:agreement"
    assert result.value == 0.5
    script = (tmp_path / "agreement.py").read_bytes()
    digest = hashlib.sha256(b"agreement.py\0" + script + b"\0").hexdigest()[:12]
    import evaluate

    version = f"version:evaluate-{evaluate.__version__}"
    assert result.signature == f"nrefs:var|metric:agreement|hash:{digest}|{version}"


def test_numbers_become_scores_and_the_rest_is_left_out(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    metric = write(
        "return {'agreement': 1, 'ratio': numpy.float32(0.5), 'name': 'x', 'list': [1.0, 2.0],\n"
        "            'flag': True, 'worst': float('nan'), 'inner': {'a': 1.0}}",
        top="import numpy",
    )
    results = score(metric, ["a"], [["a"]])
    assert [(one.name, one.value) for one in results] == [
        ("evaluate:agreement", 1.0),
        ("evaluate:agreement.ratio", 0.5),
    ]
    assert "worst is not finite and is left out" in capsys.readouterr().err


def test_a_folder_with_a_script_of_its_name(write: Write, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    write("return {'x': 2.0}", name="mine/mine")
    for metric in (f"evaluate:{folder}", "evaluate:./mine", "evaluate:./mine/mine.py"):
        assert [(one.name, one.value) for one in score(metric, ["a"], [["a"]])] == [
            ("evaluate:mine", 2.0)
        ]


def test_a_metric_for_one_reference_gets_texts_and_no_lists(write: Write) -> None:
    metric = write("return {'x': float(references == ['a', 'b'])}", inputs=ONE)
    assert score(metric, ["a", "b"], [["a"], ["b"]])[0].value == 1.0
    with pytest.raises(
        T5TuneError, match=r"one reference for each example, and example 1 .* has 2"
    ):
        score(metric, ["a", "b"], [["a"], ["b", "c"]])


def test_sources_go_to_a_metric_that_wants_them(write: Write) -> None:
    metric = write(
        "return {'x': float(sources == ['s'])}",
        inputs=SEVERAL + ', "sources": texts',
        parameters="predictions, references, sources",
    )
    assert score(metric, ["a"], [["a"]], sources=["s"])[0].value == 1.0
    with pytest.raises(T5TuneError, match="needs the sources"):
        score(metric, ["a"], [["a"]])


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ('"references": datasets.Value("int32")', "compares int32, not texts, as its `references`"),
        (SEVERAL + ', "mood": texts', "wants `mood`, which t5tune cannot give it"),
    ],
)
def test_metrics_of_other_things_than_texts(write: Write, inputs: str, expected: str) -> None:
    with pytest.raises(T5TuneError, match=expected):
        score(write("return {'x': 1.0}", inputs=inputs), ["a"], [["a"]])


def test_errors_of_the_script_keep_their_traceback(write: Write) -> None:
    with pytest.raises(ZeroDivisionError):
        score(write("return 1 / 0"), ["a"], [["a"]])
    with pytest.raises(FileNotFoundError, match="vocabulary"):
        score(write("return open('vocabulary')"), ["a"], [["a"]])
    with pytest.raises(TypeError, match="has to return a dict"):
        score(write("return 1.0"), ["a"], [["a"]])


def test_a_package_that_is_missing(write: Write) -> None:
    with pytest.raises(T5TuneError, match=r"needs packages .*: nowhere_to_be_found\.") as caught:
        score(write("return {}", top="import nowhere_to_be_found"), ["a"], [["a"]])
    assert caught.value.next_command == "pip install nowhere_to_be_found"


def test_metrics_that_are_not_there(write: Write, tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match=r"there is no file .*nothing\.py"):
        score("evaluate:./nothing.py", ["a"], [["a"]])
    with pytest.raises(T5TuneError, match=r"there is no file .*tests/tests\.py"):
        score("evaluate:./tests", ["a"], [["a"]])
    write("return {}", name="agreement")
    with pytest.raises(T5TuneError, match="means the hub's metric, not the script") as caught:
        score("evaluate:agreement.py", ["a"], [["a"]])
    assert str(caught.value.next_command).startswith("evaluate:./agreement.py")
    (tmp_path / "meteor").mkdir()
    write("return {}", name="meteor/meteor")
    with pytest.raises(T5TuneError, match="means the hub's metric, not the script"):
        score("evaluate:meteor", ["a"], [["a"]])


@pytest.mark.parametrize("fault", [{"cut_after": 10}, {"reset_after": 10}])
def test_a_metric_whose_download_breaks_off(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: dict[str, int]
) -> None:
    import evaluate

    hub.add("models", "somebody/agreement", {"agreement.py": b"import evaluate\n" * 5_000})
    hub.faults.add("agreement.py", method="GET", **fault)
    monkeypatch.chdir(tmp_path)
    address = hub.address + "/{path}/resolve/main/{name}"
    monkeypatch.setattr(evaluate.config, "HUB_EVALUATE_URL", address)
    monkeypatch.setattr(evaluate.config, "HF_MODULES_CACHE", str(tmp_path))
    monkeypatch.setattr(evaluate.config, "DOWNLOADED_EVALUATE_PATH", str(tmp_path / "downloads"))
    with pytest.raises(T5TuneError, match="The metric somebody/agreement could not be loaded: the"):
        score("evaluate:somebody/agreement", ["a"], [["a"]])


def test_no_such_metric_on_the_hub_or_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import evaluate

    monkeypatch.setattr(evaluate.config, "HF_EVALUATE_OFFLINE", True)
    with pytest.raises(T5TuneError, match="The hub has no metric t5tune/none or cannot be reached"):
        score("evaluate:t5tune/none", ["a"], [["a"]])


def test_random_numbers_of_a_metric_are_the_same_every_time(write: Write) -> None:
    metric = write("return {'x': numpy.random.rand()}", top="import numpy")
    assert score(metric, ["a"], [["a"]])[0].value == score(metric, ["a"], [["a"]])[0].value


def test_values_of_single_examples_count_where_their_mean_is_the_score(write: Write) -> None:
    metric = write(
        f"same = {SAME}\n"
        "        mean = sum(same) / len(same)\n"
        "        return {'same': mean, 'each': same, 'squared': mean ** 2}"
    )
    hypotheses, references = ["a", "b", "c", "d"], [["a"], ["x"], ["c"], ["x"]]
    scorer = EvaluateScorer(metric, ScoringOptions(allow_code=True))
    assert [one.value for one in scorer.score_corpus(SystemOutput(hypotheses, references))] == [
        0.5,
        0.25,
    ]
    assert scorer.score_segments(SystemOutput(hypotheses, references)) == [1.0, 0.0, 1.0, 0.0]
    statistics = scorer.collect_statistics(SystemOutput(hypotheses, references))
    values = statistics.compute_scores(np.array([[0, 1, 2, 3], [0, 0, 2, 1]]))
    assert values[:, 0].tolist() == [0.5, 0.75]
    assert np.isnan(values[:, 1]).all()


def test_intervals_only_where_resampling_can_tell(write: Write) -> None:
    metric = write(f"return {{'same': sum({SAME}) / 4, 'each': {SAME}, 'other': 0.3}}")
    same, other, wer = score_hypotheses(
        [metric, "wer"],
        SystemOutput(["a", "b", "c", "d"], [["a"], ["x"], ["c"], ["x"]]),
        ScoringOptions(allow_code=True),
        num_resamples=200,
    )
    assert same.confidence_interval is not None
    assert 0 <= same.confidence_interval[0] < same.value < same.confidence_interval[1] <= 1
    assert other.confidence_interval is None
    assert "seed" not in other.signature
    assert wer.confidence_interval is not None


def test_a_metric_without_direction_ranks_no_examples(write: Write) -> None:
    metric = write("return {'x': 0.25}")
    report = build_report(
        Evidence(["a b", "c"], [["a b"], ["d"]]),
        [metric, "wer"],
        ScoringOptions(allow_code=True),
    )
    assert [one.name for one in report.scores] == ["evaluate:agreement", "WER"]
    assert report.example_metric == "WER"
    alone = build_report(
        Evidence(["a b", "c"], [["a b"], ["d"]]),
        [metric],
        ScoringOptions(allow_code=True),
    )
    assert alone.example_metric == "chrF2++"
    assert [example.index for example in alone.best] == [0]
    with pytest.raises(T5TuneError, match="no values for single examples"):
        sentence_scores(metric, SystemOutput(["a"], [["a"]]), ScoringOptions(allow_code=True))
