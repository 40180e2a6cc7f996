"""Every way to open a session or a prompt job, and to make it grow: by anybody, in any token, paid or signed."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.harness.escrow import COMMITMENT, INPUT_BOUND, METERED, MINUTE, PRICE_UNIT
from tests.stateful.session_model import SessionModel
from tests.stateful.signed_payments import SignedPayments, authorizations, permits
from tests.stateful.stage import WHAT, WHO, pick, purses, rude
from tests.stateful.world import ZERO

MAX_SESSIONS = 6
UNREGISTERED = 99
FRESH = (3, 4)
"""Circuits that may come to be: see `tests.stateful.circuit_rules`."""
TERMS = "(address,address,address,uint256,address,uint256,address,uint256,uint256,uint256,uint256,uint256)"
DEPOSITS = {"ether": 10**16, "usdc": 4_000_000, "deny": 900_000}
PRICES = {"ether": 3 * 10**15 + 7, "usdc": 700_001, "deny": 90_003}
FORMS = ("openSession", "openSession", "seed", "permit", "permit", "authorization", "authorization")
# A slow rate and a short interval are what proofs outrun.
rates = st.one_of(st.integers(1, 2), st.integers(1, 400))
intervals = st.one_of(st.integers(1, 20), st.integers(1, 900))
EARLIEST_MINIMUM = 10
"""The tokens that a prompt job's proof must count."""


class OpeningRules(SignedPayments):
    """What begins a session, and what its user adds to it."""

    # ------------------------------------------------------------------------------ choosing

    def session(self, pick: int, fits: Any, rude: int) -> SessionModel | None:
        """One of the sessions, mostly one that fits."""
        return self.one(self.books.sessions.values(), pick, fits, rude)

    def sender(self, right: str, pick: int, rude: int) -> str:
        """Who should call, mostly."""
        return self.anyone(pick) if rude & WHO else right

    def open_requirement(self, x: SessionModel) -> dict[str, bool]:
        """Nearly every function wants an open session."""
        return {"JobMarketplace_SessionNotOpen": not x.is_open}

    def circuit(self, wanted: int, rude: int) -> int:
        """A circuit that is there, unless somebody is rude."""
        known = wanted == 0 or wanted in self.books.circuits
        return wanted if known or rude & WHAT else METERED

    # ------------------------------------------------------------------------------- opening

    @initialize(
        purse=purses,
        rate=rates,
        interval=intervals,
        roles=st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 0, 3_000])),
    )
    def first_sessions(self, purse, rate, interval, roles):
        for user, host in (("user", "host"), ("other_user", "other_host")):
            self._open(user, host, purse, rate, interval, roles, METERED, "openSession", False)

    @precondition(lambda self: len(self.books.sessions) < MAX_SESSIONS)
    @rule(
        user=st.sampled_from(["user", "other_user", "refuser", "wallet", "host"]),
        host=st.sampled_from(["host", "host", "other_host", "worker", "wallet"]),
        purse=purses,
        rate=rates,
        interval=intervals,
        roles=st.tuples(st.booleans(), st.booleans(), st.sampled_from([0, 0, 3_000])),
        circuit=st.sampled_from([METERED, METERED, METERED, INPUT_BOUND, 0, *FRESH]),
        form=st.sampled_from(FORMS),
        payment=st.tuples(permits, authorizations),
        rude=rude,
    )
    def open(self, user, host, purse, rate, interval, roles, circuit, form, payment, rude):
        circuit = self.circuit(circuit, rude)
        if form in ("permit", "authorization") and not rude:
            purse = "usdc"
        if rude & WHAT:
            rate, interval, circuit = (
                (0, interval, UNREGISTERED) if rate % 2 else (rate, 0, circuit)
            )
        self._open(user, host, purse, rate, interval, roles, circuit, form, rude, payment)

    def _open(
        self,
        user,
        host,
        purse,
        rate,
        interval,
        roles,
        circuit,
        form,
        rude,
        payment=("good", "good"),
    ):
        arbiter, capped, cap = roles
        self.make_ready("market", purse, rude)
        market, token = self.books.settings["market"], self.tokens[purse]
        payer, payee = self.address(user), self.address(host)
        # The longer ones are those that a silent host can leave.
        duration = MINUTE if rude & WHO else (3_000, 3_000, 20_000)[interval % 3]
        signer = self.address("voucher_signer") if capped else ZERO
        watcher, judge = self.address("watcher"), self.address("arbiter") if arbiter else ZERO
        if form == "seed":
            circuit, rate = market.defaults
        deposit, price = DEPOSITS[purse], PRICES[purse]
        terms = (payee, watcher, signer, cap, judge, circuit)
        terms = (*terms, token, deposit, price, duration, interval, rate)
        allowed, least = market.tokens[token]
        broken = {
            "EnforcedPause": market.paused,
            "JobMarketplace_HostNotActive": not self.books.is_active(payee),
            "JobMarketplace_RolesCollide": payer == payee,
            "JobMarketplace_TokenNotAllowed": not allowed,
            "JobMarketplace_DepositOutOfRange": deposit < least,
            "JobMarketplace_DurationOutOfRange": duration < 10 * MINUTE,
            "JobMarketplace_ProofIntervalOutOfRange": interval == 0,
            "JobMarketplace_RateOutOfRange": rate == 0,
            "JobMarketplace_DepositBuysTooLittle": deposit * PRICE_UNIT // price < interval,
            "JobMarketplace_CircuitUnknown": circuit not in (0, *self.books.circuits),
            "JobMarketplace_CircuitRevoked": self.books.is_revoked(circuit),
            "DenylistToken_Denied": self.cannot_move(token, payer),
        }
        value = deposit if token == ZERO else 0
        if form == "seed":
            arguments = (payee, token, deposit, price, duration, interval)
            form = "createSessionJobWithToken"
            if token == ZERO:
                form, arguments = "createSessionJob", (payee, *arguments[2:])
            self.attempt("market", form, arguments, payer, broken, value)
        elif form == "permit" and self.key_for(payer).address == payer:
            self.open_with_permit(purse, payer, terms, broken, payment[0])
        elif form == "authorization":
            self.open_with_authorization(purse, payer, terms, broken, payment[1])
        else:
            self.attempt("market", "openSession", (terms,), payer, broken, value)

    def open_with_permit(
        self, purse: str, payer: str, terms: tuple[Any, ...], broken: dict[str, bool], how: str
    ) -> None:
        """The permit is tried, and then the allowance decides."""
        parts, more = self.permit("market", purse, payer, DEPOSITS[purse], how)
        broken["JobMarketplace_TokenNotAllowed"] |= purse == "ether"
        self.attempt("market", "openSessionWithPermit", (terms, *parts), payer, broken | more)
        self.allow_plenty("market", purse, payer)

    def open_with_authorization(
        self, purse: str, payer: str, terms: tuple[Any, ...], broken: dict[str, bool], how: str
    ) -> None:
        """Anybody brings what the user authorized; nothing of it can be changed, and it counts once."""
        salt = len(self.intents).to_bytes(32, "big")
        nonce = self.authorization_nonce("market", TERMS, terms, payer, salt)
        times, more = self.authorization("market", purse, payer, DEPOSITS[purse], nonce, how)
        broken["JobMarketplace_TokenNotAllowed"] |= purse == "ether"
        arguments = (terms, payer, salt, *times)
        function, relayer = "openSessionWithAuthorization", self.address("relayer")
        logs = self.attempt("market", function, arguments, relayer, broken | more)
        if logs is not None:
            self.intents.append(("market", function, arguments, payer))

    @precondition(lambda self: len(self.books.sessions) < MAX_SESSIONS)
    @rule(
        purse=purses,
        circuit=st.sampled_from([INPUT_BOUND, INPUT_BOUND, METERED, 0, *FRESH]),
        host=st.sampled_from(["host", "worker"]),
        arbiter=st.booleans(),
    )
    def open_prompt(self, purse, circuit, host, arbiter):
        circuit = self.circuit(circuit, False)
        known = self.books.circuits.get(circuit)
        self.make_ready("market", purse, circuit == METERED)
        market, token = self.books.settings["market"], self.tokens[purse]
        allowed, least = market.tokens[token]
        conditions = (COMMITMENT, EARLIEST_MINIMUM) if circuit else (0, 0)
        judge = self.address("arbiter") if arbiter else ZERO
        payee, user, payment = self.address(host), self.address("user"), DEPOSITS[purse]
        broken = {
            "EnforcedPause": market.paused,
            "JobMarketplace_HostNotActive": not self.books.is_active(payee),
            "JobMarketplace_TokenNotAllowed": not allowed,
            "JobMarketplace_DepositOutOfRange": payment < least,
            "JobMarketplace_CircuitNotInputBound": known is not None and not known.binds_input,
            "JobMarketplace_CircuitRevoked": self.books.is_revoked(circuit),
            "DenylistToken_Denied": self.cannot_move(token, user),
        }
        arguments = (payee, token, payment, circuit, *conditions, 3_000, judge)
        value = payment if token == ZERO else 0
        self.attempt("market", "createPromptJob", arguments, user, broken, value)

    # ------------------------------------------------------------------------------- growing

    @precondition(lambda self: any(x.is_open for x in self.books.sessions.values()))
    @rule(pick=pick, amount=st.integers(0, 10**6), longer=st.booleans(), rude=rude)
    def grow(self, pick, amount, longer, rude):
        if longer:
            self.extend(pick, amount // 5, rude)
        else:
            self.top_up(pick, amount, rude)

    def top_up(self, pick: int, amount: int, rude: int) -> None:
        x = self.session(pick, lambda x: self.runs(x) and not x.prompt, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            "EnforcedPause": self.books.settings["market"].paused,
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_NotMetered": x.prompt,
            "JobMarketplace_AmountZero": amount == 0,
            "DenylistToken_Denied": self.cannot_move(x.token, sender),
        }
        value = amount if x.token == ZERO else 0
        self.attempt("market", "topUp", (x.id, amount), sender, broken, value)

    def extend(self, pick: int, seconds: int, rude: int) -> None:
        x = self.session(pick, self.runs, rude)
        if x is None:
            return
        sender = self.sender(x.user, pick, rude)
        broken = {
            **self.open_requirement(x),
            **self.running_requirements(x, sender),
            "JobMarketplace_DurationOutOfRange": seconds == 0,
        }
        self.attempt("market", "extend", (x.id, x.ends_at + seconds), sender, broken)

    def runs(self, x: SessionModel) -> bool:
        """Neither closing nor ended."""
        return x.is_open and not x.closing_at and self.now <= x.ends_at

    def running_requirements(self, x: SessionModel, sender: str) -> dict[str, bool]:
        """Those of what a user does with a session that runs."""
        return {
            "JobMarketplace_CallerNotUser": sender != x.user,
            "JobMarketplace_SessionClosing": bool(x.closing_at),
            "JobMarketplace_SessionEnded": not x.closing_at and self.now > x.ends_at,
        }
