"""Taking money out, code that will not have it, vouchers in batches, and time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.session_rules import SessionRules
from tests.stateful.stage import pick, purses
from tests.stateful.world import ZERO

contracts = st.sampled_from(["market", "jobs"])
ERROR = {"market": "JobMarketplace", "jobs": "JobFactory"}


class MoneyRules(SessionRules):
    """What anybody does beside sessions and jobs."""

    refusing_code: str
    yielding_code: str

    # --------------------------------------------------------------------------------- money

    @rule(
        how=st.sampled_from(["withdraw", "withdraw", "fees", "give"]),
        contract=contracts,
        pick=pick,
        purse=purses,
        elsewhere=st.booleans(),
    )
    def move_money(self, how, contract, pick, purse, elsewhere):
        if how == "fees":
            self.try_to_withdraw_fees(contract, self.tokens[purse], self.anyone(pick))
        elif how == "withdraw":
            self.withdraw(contract, pick, purse, elsewhere)
        elif purse != "ether":
            self.give(contract, purse, pick + 1)

    def withdraw(self, contract: str, pick: int, purse: str, elsewhere: bool) -> None:
        """Somebody, mostly one for whom something waits, to itself or elsewhere."""
        ledger, token = self.books.ledgers[contract], self.tokens[purse]
        waiting = sorted({*ledger.earned, *ledger.credits})
        account = self.anyone(pick)
        if waiting and pick % 8:
            account, token = waiting[pick % len(waiting)]
        to = self.address("stranger") if elsewhere else account
        self.try_to_withdraw(contract, account, token, to)

    def try_to_withdraw(self, contract: str, account: str, token: str, to: str) -> None:
        """An account takes what waits for it, to itself or elsewhere."""
        ledger, key = self.books.ledgers[contract], (account, token)
        something = ledger.earned[key] + ledger.credits[key]
        broken = {
            f"{ERROR[contract]}_NothingToWithdraw": not something,
            f"{ERROR[contract]}_ReceiverInvalid": to == ZERO,
            **self.refusal_of_payment(token, to),
        }
        self.attempt(contract, "withdraw", (token, to), account, broken)

    def try_to_withdraw_fees(self, contract: str, token: str, sender: str) -> None:
        """Anybody sends the treasury its fees."""
        treasury = self.books.settings[contract].treasury
        broken = {
            f"{ERROR[contract]}_NothingToWithdraw": not self.books.ledgers[contract].fees[token],
            **self.refusal_of_payment(token, treasury),
        }
        self.attempt(contract, "withdrawFees", (token,), sender, broken)

    def give(self, contract: str, purse: str, amount: int) -> None:
        """Somebody sends tokens that nobody asked for."""
        to = self.world.faces[contract].address
        broken = {
            "DenylistToken_Denied": self.cannot_move(self.tokens[purse], self.address("user"))
        }
        if self.attempt(purse, "transfer", (to, amount), self.address("user"), broken) is not None:
            self.given[contract, self.tokens[purse]] += amount

    # ------------------------------------------------------------------------------- hostile

    @rule(
        who=st.sampled_from(["user", "issuer", "host", "worker", "treasury"]),
        how=st.sampled_from(["deny", "deny", "refuse", "yield"]),
    )
    def turn_hostile(self, who, how):
        """An account refuses money from now on, by its own code or by the token's, or takes it again (invariant 23)."""
        if how != "deny" and who in ("user", "issuer", "host", "worker"):
            self.borrow_code(who, refusing=how == "refuse")
        else:
            self.deny(who)

    def deny(self, who: str) -> None:
        """A token's issuer freezes an account, or frees it."""
        account = self.address(who)
        frozen = account in self.denied
        self.attempt("deny", "deny", (account, not frozen), self.address("stranger"), {})
        self.denied.symmetric_difference_update({account})

    def borrow_code(self, who: str, *, refusing: bool) -> None:
        """An account with a key borrows code (EIP-7702), or gives it back: it takes no ETH, or says yes to everything."""
        account = self.address(who)
        kind = self.borrowed if refusing else self.yielding
        lent = self.refusing_code if refusing else self.yielding_code
        code = "0x" if account in kind else lent
        self.world.node.tell("anvil_setCode", account, code)
        for other in (self.borrowed, self.yielding):
            other.discard(account)
        if code != "0x":
            kind.add(account)
        self.touched()

    # ------------------------------------------------------------------------------- batches

    @precondition(lambda self: self.books.sessions)
    @rule(
        items=st.lists(st.tuples(pick, st.integers(0, 3_000)), min_size=1, max_size=4),
        compared=st.sampled_from([False, False, True]),
    )
    def redeem_batch(self, items, compared):
        """Vouchers of any sessions, good and bad ones, leave what they leave one by one (invariant 21)."""
        sessions = list(self.books.sessions.values())
        batch = []
        for which, more in items:
            x = sessions[which % len(sessions)]
            batch.append(
                (x.id, x.acked + more, self.voucher(x, x.acked + more, forged=which % 7 == 6))
            )
        relayer = self.address("relayer")
        alone = self.after_singles(batch, relayer) if compared else []
        logs = self.attempt("market", "redeemVouchers", (batch,), relayer, {})
        assert logs is not None
        assert not compared or self.fingerprint() == alone

    def after_singles(self, batch: list[tuple[int, int, bytes]], sender: str) -> list[str]:
        """What the vouchers would leave if they were sent one by one, within one second."""
        calls = [self.world.request("market", "redeemVoucher", item, sender, 0) for item in batch]
        _, read = self.world.imagine((self.now, calls), (self.now + 1, self.questions()))
        return [answer["returnData"] for answer in read]

    def fingerprint(self) -> list[str]:
        """All sessions and their hosts' earnings, as they come."""
        return self.world.look(self.questions())

    def questions(self) -> list[dict[str, str]]:
        """What a batch of vouchers could change."""
        market = self.world.faces["market"]
        return [market.question("getSessionDetails", job) for job in self.books.sessions] + [
            market.question("earned", x.host, x.token) for x in self.books.sessions.values()
        ]

    # ---------------------------------------------------------------------------------- time

    @rule(seconds=st.sampled_from([1, 60, 1_200, 1_801, 7_201]))
    def wait(self, seconds):
        self.pass_time(self.now + seconds)

    @rule(pick=pick, offset=st.sampled_from([-1, 0, 0, 1]))
    def wait_for_a_deadline(self, pick, offset):
        """Until the second before something ends, its last second, or the first one after."""
        seconds = [s for x in self.books.sessions.values() if x.is_open for s in x.seconds()]
        seconds += [job.deadline for job in self.books.jobs.values() if job.is_held]
        coming = sorted({s + offset for s in seconds if s + offset > self.now})[:6]
        if coming:
            self.pass_time(coming[pick % len(coming)])

    def pass_time(self, until: int) -> None:
        """The next transaction comes at this second."""
        self.world.now = until
        self.touched()
