"""What is refused of tree duties."""

from app.kit.problems import Conflict, NotFound, Unreadable


class DutyUnknown(NotFound):
    """No such duty or group of the caller's."""

    message = "causes.duty_unknown"


class DutyTariffUnknown(Unreadable):
    """No source was found that speaks of the region."""

    message = "causes.duty_tariff_unknown"


class DutyTariffRefused(Unreadable):
    """What is told of the region does not let anybody buy carbon by it."""

    message = "causes.duty_tariff_refused"


class DutyYearOver(Unreadable):
    """A year that is over: the office counts by calendar years."""

    message = "causes.duty_year_over"


class DutyYearToCome(Unreadable):
    """A year that has not begun."""

    message = "causes.duty_year_to_come"


class DutyAgeImpossible(Unreadable):
    """Nobody is that old, or not born yet."""

    message = "causes.duty_age_impossible"


class DutyAgeOutside(Unreadable):
    """Whoever is of this age owes no duty; only an honour can be asked for."""

    message = "causes.duty_age_outside"


class DutyTaken(Conflict):
    """This person's year stands already: one certificate a person and year."""

    message = "causes.duty_taken"


class DutyBought(Conflict):
    """Something was bought for it, or an order is on its way: it cannot be withdrawn."""

    message = "causes.duty_bought"


class DutyOnItsWay(Conflict):
    """An order is being paid or counted for it: it cannot be released at this moment."""

    message = "causes.duty_on_its_way"


class DutySent(Conflict):
    """The greening office was asked for it: only what the office turns down can be released."""

    message = "causes.duty_sent"


class DutyListRefused(Unreadable):
    """A list of persons with lines that cannot be taken; nobody of it was."""

    message = "causes.duty_list_refused"


class DutyGroupFull(Conflict):
    """More persons than one payment is split by."""

    message = "causes.duty_group_full"


class DutyTooMany(Conflict):
    """So many years wait for a purchase that no more are begun before some are bought or withdrawn."""

    message = "causes.duty_too_many"


class DutyBatchUnknown(NotFound):
    """No such batch."""

    message = "causes.duty_batch_unknown"


class DutyBatchPast(Conflict):
    """The batch was approved or withdrawn, or not yet: this step is not open."""

    message = "causes.duty_batch_past"


class DutyBatchSamePerson(Conflict):
    """Who prepared a batch does not approve it."""

    message = "causes.duty_batch_same_person"


class DutyBatchEmpty(Conflict):
    """Nobody of this region and year has enough trees and was not sent yet."""

    message = "causes.duty_batch_empty"


class DutyAnswersRefused(Unreadable):
    """The office's file cannot be read at all."""

    message = "causes.duty_answers_refused"
