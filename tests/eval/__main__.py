"""`make eval` prints how well the product's models do on published data; `make train` makes the bundled ones anew."""

import sys
from pathlib import Path

from services.survey import understanding
from tests.eval.assistant import calibrated, knowing
from tests.eval.datasets import TWEET_LANGUAGES
from tests.eval.languages import LanguageMark, language_marks, packed_languages, train_languages
from tests.eval.learning import abstention, emerging, learned
from tests.eval.sentiment import Mark, marks
from tests.eval.topics import coverages
from tests.eval.training import packed, parts_of, recipe_of, train

_MODELS = Path(understanding.__file__).parent / "models"


def main() -> int:
    if sys.argv[1:] == ["train"]:
        size = (_MODELS / "languages.json.gz").write_bytes(packed_languages(train_languages()))
        print(f"languages: {size:,} bytes", flush=True)
        for language in TWEET_LANGUAGES:
            model = train(language, parts_of(language), recipe_of(language))
            size = (_MODELS / f"{language}.json.gz").write_bytes(packed(model))
            print(f"{model.version}: {len(model.weights):,} features, {size:,} bytes", flush=True)
        return 0
    if sys.argv[1:] == ["calibrate"]:
        print(*calibrated())
        return 0
    print(f"{'':48}{'Heed':>8}{'VADER':>8}{'goal':>8}")
    missed = 0
    for mark in marks():
        missed += mark.goal is not None and mark.heed < mark.goal
        print(_line(mark), flush=True)
    print(f"\n{'The language is found':48}{'alone':>8}{'right':>8}{'wrong':>8}  declared")
    for found in language_marks():
        print(_language_line(found), flush=True)
    missed += _own_models()
    print(f"\n{'Texts with a topic':48}{'share':>8}  commonest")
    for coverage in coverages():
        commonest = ", ".join(f"{key} {share:.2f}" for key, share in coverage.commonest)
        print(f"{coverage.what:48}{coverage.covered:>8.3f}  {commonest}", flush=True)
    return int(missed > 0)


def _language_line(mark: LanguageMark) -> str:
    declared = "" if mark.declared is None else f"{mark.declared:.3f}"
    return f"{mark.what:48}{mark.undeclared:>8.3f}{declared:>8}{mark.misdeclared:>8.3f}"


def _own_models() -> int:
    """How many goals were missed."""
    missed = 0
    print(f"\n{'macro-F1 on unseen rows':48}{'built in':>10}{'own':>10}{'together':>10}{'TF-IDF+LR':>10}")
    for line in learned():
        missed += line.together < line.yardstick
        values = (line.built_in, line.own, line.together, line.yardstick)
        print(f"{line.what:48}" + "".join(f"{value:>10.3f}" for value in values), flush=True)
    accuracy, recall, ever = abstention()
    missed += accuracy < 0.92 or recall < 0.50
    print(f"\nclinc150: in-scope accuracy {accuracy:.3f} (goal 0.92; {ever:.3f} if it never abstained)")
    print(f"together with out-of-scope recall {recall:.3f} (goal 0.50)", flush=True)
    assistant = knowing()
    missed += assistant.accuracy < 0.92 or assistant.recall < 0.50
    print(f"assistant on clinc150: in-scope accuracy {assistant.accuracy:.3f} (goal 0.92; {assistant.ever:.3f} ever)")
    print(
        f"together with out-of-scope recall {assistant.recall:.3f} (goal 0.50); calibration error {assistant.error:.3f}"
    )
    for seed in (1, 2):
        found, purity, groups = emerging(seed)
        print(f"emerging topics: {found} of 12 intents found, {purity:.2f} of a group belong together, {groups} groups")
    return missed


def _line(mark: Mark) -> str:
    others = "".join(f"{'' if value is None else f'{value:.3f}':>8}" for value in (mark.vader, mark.goal))
    return f"{mark.what:48}{mark.heed:>8.3f}{others}"


if __name__ == "__main__":
    sys.exit(main())
