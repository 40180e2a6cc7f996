// What is signed for the contracts, and the cases that the golden vectors show. No secrets: every key is of the public
// mnemonic that local chains start with.

import { HDNodeWallet, Mnemonic, getCreateAddress } from "ethers";

const MNEMONIC = Mnemonic.fromPhrase("test test test test test test test test test test test junk");
const account = (index) => {
  const { address, privateKey } = HDNodeWallet.fromMnemonic(MNEMONIC, `m/44'/60'/0'/0/${index}`);
  return { address, privateKey };
};

/** In the order of the tests' role accounts (tests/conftest.py). */
export const ROLES = Object.fromEntries(
  [
    "owner", "admin", "signer", "user", "host", "voucher_signer", "watcher", "arbiter", "treasury", "relayer", "issuer",
    "worker", "evaluator", "operator", "other_user", "other_host", "stranger",
  ].map((role, index) => [role, account(index)]),
);
const at = (role) => ROLES[role].address;

/** Base, so that no vector counts on a local chain by chance. */
export const CHAIN_ID = 8453;
export const DEPLOYER = at("owner");
/** Where the deployer's transaction of this nonce creates it: a test can put the real contract there. */
const contract = (name, version, nonce) => ({ name, version, nonce, address: getCreateAddress({ from: DEPLOYER, nonce }) });
export const CONTRACTS = {
  WorkerRegistry: contract("Provenwork WorkerRegistry", "1", 1000),
  JobMarketplace: contract("Provenwork JobMarketplace", "1", 2000),
  MockUSDC: contract("USD Coin", "2", 3000),
  JobFactory: contract("Provenwork JobFactory", "1", 4000),
};

/** In 2096: the tests travel there. */
const DEADLINE = 4_000_000_000;
const MAX_64 = 2n ** 64n - 1n;
const MAX_256 = 2n ** 256n - 1n;
const HIGHEST = "0xFFfFfFffFFfffFFfFFfFFFFFffFFFffffFfFFFfF";
const ONES = `0x${"ff".repeat(32)}`;
const ZERO = `0x${"00".repeat(20)}`;
const fields = (definition) =>
  definition.split(",").map((field) => {
    const [type, name] = field.split(" ");
    return { name, type };
  });

/** Every word at its highest value, and every word zero: where a narrower type, or a sign, would show. */
const HIGHEST_VALUES = { uint256: MAX_256, uint64: MAX_64, uint16: 65535, address: HIGHEST, bytes32: ONES, bool: true };
const LOWEST_VALUES = { uint256: 0, uint64: 0, uint16: 0, address: ZERO, bytes32: `0x${"00".repeat(32)}`, bool: false };
const all = (list, values) => ({ message: Object.fromEntries(list.map(({ name, type }) => [name, values[type]])) });

/** A struct: who signs it, a usual message, for each of its fields another value, and more cases, if any. */
function struct(contract, name, definition, signer, usual, otherwise, more = {}) {
  const list = fields(definition);
  const cases = { usual, ...more, "highest values": all(list, HIGHEST_VALUES), "lowest values": all(list, LOWEST_VALUES) };
  return { contract, name, fields: list, signer, cases, otherwise };
}

/** The `Terms` of both contracts, in the order of their ABIs. */
export const TERMS = {
  JobMarketplace: [
    "address host", "address watcher", "address voucherSigner", "uint256 voucherCap", "address arbiter", "uint256 circuitId",
    "address token", "uint256 deposit", "uint256 pricePerToken", "uint256 maxDuration", "uint256 proofInterval",
    "uint256 maxTokensPerSecond",
  ],
  JobFactory: [
    "address payee", "address evaluator", "address token", "uint256 amount", "uint256 claimDuration", "uint256 workDuration",
    "uint256 reviewDuration", "uint256 claimBond", "uint256 rejectFeeBps", "bytes32 specHash",
  ],
};
const OPENING = {
  contract: "JobMarketplace",
  terms: {
    host: at("host"), watcher: at("watcher"), voucherSigner: at("voucher_signer"), voucherCap: 1_000_000, arbiter: at("arbiter"),
    circuitId: 0, token: CONTRACTS.MockUSDC.address, deposit: 10_000_000, pricePerToken: 2_000_000, maxDuration: 3_600,
    proofInterval: 1_000, maxTokensPerSecond: 200,
  },
  payer: at("user"),
  salt: `0x${"5a".repeat(32)}`,
};
const POSTING = {
  contract: "JobFactory",
  terms: {
    payee: at("worker"), evaluator: at("evaluator"), token: CONTRACTS.MockUSDC.address, amount: 20_000_000,
    claimDuration: 86_400, workDuration: 7_200, reviewDuration: 10_800, claimBond: 10n ** 15n, rejectFeeBps: 500,
    specHash: `0x${"57".repeat(32)}`,
  },
  payer: at("issuer"),
  salt: `0x${"a5".repeat(32)}`,
};
const WORK = `0x${"3d".repeat(32)}`;
const verdict = (given) => ({
  jobId: 5, round: 2, workHash: WORK, approved: false, reopen: false, splitBps: 0, deadline: DEADLINE, ...given,
});
const authorized = ({ contract, payer, terms }) => ({
  from: payer, to: CONTRACTS[contract].address, value: terms.deposit ?? terms.amount, validAfter: 0, validBefore: DEADLINE,
});

export const STRUCTS = [
  struct(
    "WorkerRegistry", "RegisterWorker",
    "address worker,bytes32 ipfsHash,uint256 hourlyRate,uint256 nonce,uint256 deadline",
    "signer",
    {
      message: {
        worker: at("worker"), ipfsHash: `0x${"c3".repeat(32)}`, hourlyRate: 42_500_000, nonce: 0, deadline: DEADLINE,
      },
    },
    { worker: at("stranger"), ipfsHash: `0x${"d4".repeat(32)}`, hourlyRate: 42_500_001, nonce: 1, deadline: DEADLINE + 1 },
  ),
  struct(
    "JobMarketplace", "Voucher",
    "uint256 jobId,address host,uint64 cumulativeTokens",
    "user",
    { message: { jobId: 1, host: at("host"), cumulativeTokens: 400 } },
    { jobId: 2, host: at("other_host"), cumulativeTokens: 401 },
  ),
  struct(
    "JobMarketplace", "CloseAgreement",
    "uint256 jobId,address user,address host,uint64 tokens,uint256 deadline",
    "host",
    { message: { jobId: 1, user: at("user"), host: at("host"), tokens: 400, deadline: DEADLINE } },
    { jobId: 2, user: at("other_user"), host: at("other_host"), tokens: 399, deadline: DEADLINE + 1 },
  ),
  struct(
    "MockUSDC", "Permit",
    "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
    "user",
    {
      message: {
        owner: at("user"), spender: CONTRACTS.JobMarketplace.address, value: 10_000_000, nonce: 0, deadline: DEADLINE,
      },
    },
    { owner: at("other_user"), spender: at("stranger"), value: 10_000_001, nonce: 1, deadline: DEADLINE + 1 },
  ),
  struct(
    "MockUSDC", "ReceiveWithAuthorization",
    "address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce",
    "user",
    { message: authorized(OPENING), opening: OPENING },
    {
      from: at("other_user"), to: at("stranger"), value: 10_000_001, validAfter: 1, validBefore: DEADLINE + 1,
      nonce: `0x${"5a".repeat(32)}`,
    },
    { "for a job": { message: authorized(POSTING), opening: POSTING, signer: "issuer" } },
  ),
  struct(
    "JobFactory", "PostJob",
    "address issuer,address payee,address evaluator,address token,uint256 amount,uint256 claimDuration," +
      "uint256 workDuration,uint256 reviewDuration,uint256 claimBond,uint256 rejectFeeBps,bytes32 specHash," +
      "uint256 nonce,uint256 deadline",
    "issuer",
    { message: { issuer: at("issuer"), ...POSTING.terms, nonce: 0, deadline: DEADLINE } },
    {
      issuer: at("other_user"), payee: at("stranger"), evaluator: at("stranger"), token: ZERO, amount: 20_000_001,
      claimDuration: 86_460, workDuration: 7_260, reviewDuration: 10_860, claimBond: 10n ** 15n + 10n ** 9n,
      rejectFeeBps: 501, specHash: WORK, nonce: 1, deadline: DEADLINE + 1,
    },
  ),
  // The tests prepare a job for each state: 2 has expired, 3 is open, 4 claimed, 5 submitted in its second round.
  struct(
    "JobFactory", "CancelJob",
    "uint256 jobId,uint256 round,uint256 deadline",
    "issuer",
    { message: { jobId: 3, round: 1, deadline: DEADLINE } },
    { jobId: 4, round: 2, deadline: DEADLINE + 1 },
  ),
  struct(
    "JobFactory", "ClaimJob",
    "uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline",
    "worker",
    { message: { jobId: 3, round: 1, worker: at("worker"), nonce: 0, deadline: DEADLINE } },
    { jobId: 4, round: 2, worker: at("stranger"), nonce: 1, deadline: DEADLINE + 1 },
  ),
  struct(
    "JobFactory", "ReleaseClaim",
    "uint256 jobId,uint256 round,address worker,uint256 nonce,uint256 deadline",
    "worker",
    { message: { jobId: 4, round: 1, worker: at("worker"), nonce: 0, deadline: DEADLINE } },
    { jobId: 5, round: 2, worker: at("stranger"), nonce: 1, deadline: DEADLINE + 1 },
  ),
  struct(
    "JobFactory", "SubmitWork",
    "uint256 jobId,uint256 round,address worker,bytes32 workHash,uint256 deadline",
    "worker",
    { message: { jobId: 4, round: 1, worker: at("worker"), workHash: WORK, deadline: DEADLINE } },
    { jobId: 5, round: 2, worker: at("stranger"), workHash: ONES, deadline: DEADLINE + 1 },
  ),
  struct(
    "JobFactory", "VerifyJob",
    "uint256 jobId,uint256 round,bytes32 workHash,bool approved,bool reopen,uint16 splitBps,uint256 deadline",
    "evaluator",
    { message: verdict({ splitBps: 2_500 }) },
    { jobId: 4, round: 1, workHash: ONES, approved: true, reopen: true, splitBps: 2_501, deadline: DEADLINE + 1 },
    // In each of these words are equal that another tells apart.
    { "to approve": { message: verdict({ approved: true }) }, "to send back": { message: verdict({ reopen: true }) } },
  ),
  struct(
    "JobFactory", "ExpireJob",
    "uint256 jobId,uint256 round,uint256 deadline",
    "issuer",
    { message: { jobId: 2, round: 1, deadline: DEADLINE } },
    { jobId: 3, round: 2, deadline: DEADLINE + 1 },
  ),
];
