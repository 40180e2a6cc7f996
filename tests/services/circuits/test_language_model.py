"""The language model in plain Python: where its weights come from, and what it says."""

from dataclasses import replace

import pytest

from provenwork.circuits import language_model
from provenwork.circuits._tiny_lm._network import bounds
from provenwork.circuits._tiny_lm._training import CORPUS, train
from provenwork.core.errors import CircuitInputError

LINES = [line.split() for line in CORPUS.read_text().splitlines()]


def test_training_makes_the_committed_weights():
    """From the text alone, every number of the committed model comes out again."""
    assert train() == language_model()


def test_the_model_goes_on_with_its_whole_text():
    """After the first question alone, it says everything that follows, word for word."""
    model = language_model()
    words = [word for line in LINES for word in line]
    begun = LINES[0].index("?") + 1
    said = model.generate(model.encode(" ".join(words[:begun])), len(words) - begun)
    assert model.decode(said).split() == words[begun:]


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:4]))
def test_every_question_has_its_answer(line):
    """Each question by itself, as a prompt, is answered up to the full stop."""
    model = language_model()
    begun = line.index("?") + 1
    said = model.generate(model.encode(" ".join(line[:begun])), 32, until_end=True)
    assert model.decode(said).split() == line[begun:]


def test_a_question_that_it_never_saw():
    """It makes sense of a question that is not in its text, from what it learnt of similar ones."""
    model = language_model()
    question = "when is the work paid ?"
    assert question not in CORPUS.read_text()
    said = model.generate(model.encode(question), 16, until_end=True)
    assert model.decode(said) == "the host is paid when the chain checks the proof ."


def test_only_eight_words_back():
    """What lies further back than eight words changes nothing."""
    model = language_model()
    recent = model.encode("the chain checks it and then pays the")
    assert model.scores([1, 2, 3, *recent]) == model.scores(recent) != model.scores(recent[1:])


def test_of_equal_words_the_first_is_said():
    """A model that knows nothing says its first word."""
    model = language_model()
    indifferent = replace(
        model,
        output=tuple(tuple(0 for _ in row) for row in model.output),
        output_bias=tuple(0 for _ in model.output_bias),
    )
    assert indifferent.generate([5], 3) == [0, 0, 0]


def test_agreement_ends_at_the_first_other_word():
    """The count is of the words before the first that the model would not say; what comes behind does not matter."""
    model = language_model()
    prompt = model.encode("what is a proof ?")
    said = model.generate(prompt, 10)
    assert model.agreement(prompt, said) == 10
    for place in range(10):
        other = [*said[:place], (said[place] + 1) % 32, *said[place + 1 :]]
        assert model.agreement(prompt, other) == place


def test_words_are_read_as_people_write_them():
    """Capitals and missing spaces do not matter."""
    model = language_model()
    assert model.encode("Who pays for the work?") == model.encode("who pays for the work ?")
    assert model.decode(model.encode("A proof.")) == "a proof ."


@pytest.mark.parametrize("text", ["who are you ?", "who pays €5 ?", "who pays, who asks ?"])
def test_an_unknown_word_is_refused(text):
    """A word or sign that the model has no number for is named, with all that it knows."""
    with pytest.raises(CircuitInputError, match="does not know") as refused:
        language_model().encode(text)
    assert "vocabulary" not in str(refused.value)
    assert "nobody" in refused.value.hint


def test_every_number_is_bounded():
    """Whatever is fed, what the circuit takes apart has two digits to the base 2^13, with room to spare."""
    least, most = bounds(language_model())
    assert -(2**26) < least < 0 < most < 2**26
    # No prompt comes near: the bounds are no guess from examples, and no example is beyond them.
    model = language_model()
    scores = [score * 2 * 32 for word in range(32) for score in model.scores([word] * 8)]
    assert max(scores) - min(scores) <= most
