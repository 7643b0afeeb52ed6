"""Weights: exact grams, what is news, and what counts as stable."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.normalise.weight import StableWeight, grams_of, mass_g_from
from edge.readings import Weighed, WeightKind
from edge.settings import Steady

STEADY = Steady(count=3, of=4, within_g=200)


def shown(
    value: str | None,
    unit: str = "kg",
    *,
    is_stable: bool | None = True,
    kind: WeightKind = "gross",
) -> Weighed:
    """Return what a scale shows."""
    return Weighed(
        value=None if value is None else Decimal(value),
        unit=unit,
        is_stable=is_stable,
        range="ok" if value is not None else "over",
        text=f"{value} {unit}",
        frame_hex="",
        kind=kind,
    )


@pytest.mark.parametrize(
    ("value", "unit", "mass_g"),
    [
        ("0.1", "kg", "100.0"),
        ("1", "lb", "453.59237"),
        ("1", "oz", "28.349523125"),
        ("38.40", "t", "38400000.00"),
        ("12.5", "KG", "12500.0"),
        ("7", "G", "7"),
        ("1", "tn", "907184.74"),
    ],
)
def test_units_are_converted_exactly(value: str, unit: str, mass_g: str) -> None:
    """A pound is 453.59237 g by law; a float would make 0.1 kg something else."""
    assert mass_g_from(shown(value, unit)) == Decimal(mass_g)


def test_sixteen_ounces_are_a_pound() -> None:
    """Two tables of the same law."""
    assert 16 * (grams_of("oz") or 0) == grams_of("lb")


@pytest.mark.parametrize("unit", ["", "T", "PC", "%", "custom"])
def test_an_unknown_unit_has_no_mass(unit: str) -> None:
    """A T may be either ton, and pieces are no mass: better none than a wrong one."""
    assert mass_g_from(shown("1", unit)) is None


@given(st.decimals("-99999", "99999", places=3))
def test_mass_is_the_digits_times_the_unit(value: Decimal) -> None:
    """Whatever the indicator shows."""
    assert mass_g_from(shown(str(value))) == value * 1000


def test_a_weight_is_told_once_and_again_when_it_changes() -> None:
    """Two equal stable answers make a weight, and the same one is no news."""
    stable = StableWeight()
    values = ["12.4", "12.4", "12.4", "15.0", "15.0"]
    told = [stable.take(shown(value)) for value in values]
    assert told == [None, Decimal(12400), None, None, Decimal(15000)]


def test_motion_or_no_value_starts_afresh() -> None:
    """An overload between two equal answers may have hidden another pallet."""
    for between in (shown("12.4", is_stable=False), shown(None)):
        stable = StableWeight()
        assert stable.take(shown("12.4")) is None
        assert stable.take(between) is None
        assert stable.take(shown("12.4")) is None


def test_a_tare_makes_the_same_digits_news() -> None:
    """5 kg net is not 5 kg gross."""
    stable = StableWeight()
    told = [stable.take(shown("5.0", kind=kind)) for kind in ("gross", "gross", "net", "net")]
    assert told == [None, Decimal(5000), Decimal(5000), None]


def test_another_unit_for_the_same_load_is_no_news() -> None:
    """A key on the terminal changes the unit, not the goods."""
    stable = StableWeight()
    stable.take(shown("1.000"))
    assert stable.take(shown("1.000")) == 1000
    assert stable.take(shown("1000", "g")) is None
    assert stable.take(shown("1000", "g")) is None


def test_a_mute_frame_is_stable_only_where_settings_say_when() -> None:
    """No word for motion is no word for rest."""
    mute = [shown("10.0", is_stable=None)] * 9
    assert [StableWeight().take(one) for one in mute] == [None] * 9
    stable = StableWeight(STEADY)
    assert [stable.take(one) for one in mute[:4]] == [None, None, Decimal(10000), None]


def test_k_of_n_bears_one_outlier_and_no_drift() -> None:
    """3 of 4 within 200 g."""
    stable = StableWeight(STEADY)
    values = ["10.0", "10.1", "14.0", "10.0"]
    assert [stable.take(shown(one, is_stable=None)) for one in values][-1] == 10000
    stable = StableWeight(STEADY)
    drift = [shown(f"{10 + at * 0.3:.1f}", is_stable=None) for at in range(20)]
    assert {stable.take(one) for one in drift} == {None}
