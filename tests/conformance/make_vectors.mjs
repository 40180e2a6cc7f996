// Writes eip712.json, the golden vectors of every struct that is signed for the contracts, with ethers: an implementation
// that shares no code with the contracts, with provenwork.crypto or with the tests' own signing. The rules are EIP-712's;
// the signatures are RFC 6979's, so that making the file again gives the same bytes. Run: make vectors
//
// The definitions in structs.mjs are written from docs/SPEC.md by hand, on purpose a second time.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import {
  AbiCoder, SigningKey, TypedDataEncoder, ZeroAddress, concat, getBytes, hashMessage, keccak256, recoverAddress, toBeHex,
} from "ethers";

import { CHAIN_ID, CONTRACTS, DEPLOYER, ROLES, STRUCTS, TERMS } from "./structs.mjs";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** For each type another one of which a value fills the same word: only the type string tells the two apart. */
const OTHER_TYPE = {
  uint256: "uint128", uint64: "uint256", uint16: "uint256", address: "uint160", bytes32: "uint256", bool: "uint8",
};

const domainOf = ({ name, version, address }) => ({ name, version, chainId: CHAIN_ID, verifyingContract: address });
const sign = (digest, { privateKey }) => new SigningKey(privateKey).sign(digest).serialized;
/** Numbers as decimal strings: JSON's own are exact only to 2^53. */
const plain = (message) => mapped(message, ([name, value]) => [name, typeof value === "boolean" ? value : String(value)]);
const mapped = (object, change) => Object.fromEntries(Object.entries(object).map(change));

function hashes(data) {
  const encoder = TypedDataEncoder.from(data.types);
  return {
    encodeType: encoder.encodeType(data.primaryType),
    typeHash: keccak256(Buffer.from(encoder.encodeType(data.primaryType))),
    domainSeparator: TypedDataEncoder.hashDomain(data.domain),
    structHash: TypedDataEncoder.hashStruct(data.primaryType, data.types, data.message),
    digest: TypedDataEncoder.hash(data.domain, data.types, data.message),
  };
}

/** Whom a strict contract finds behind a signature: 65 bytes, v of 27 or 28, the lower s; the address zero for the rest. */
function recoverStrict(digest, signature) {
  const bytes = getBytes(signature);
  if (bytes.length !== 65 || ![27, 28].includes(bytes[64])) return ZeroAddress;
  if (BigInt(`0x${signature.slice(66, 130)}`) > CURVE_ORDER / 2n) return ZeroAddress;
  try {
    return recoverAddress(digest, signature);
  } catch {
    return ZeroAddress;
  }
}

function vector(struct, name, message) {
  const data = {
    domain: domainOf(CONTRACTS[struct.contract]),
    types: { [struct.name]: struct.fields },
    primaryType: struct.name,
    message: plain(message),
  };
  const hashed = hashes(data);
  const signer = ROLES[struct.signer];
  const signature = sign(hashed.digest, signer);
  return { struct: struct.name, name, contract: struct.contract, ...data, ...hashed, signer, signature };
}

// ---------------------------------------------------------------------------------------------------- what must be refused

/** The right key over something else: each of these digests is properly signed, and is not what the contract asks for. */
function* otherData(struct, { domain, types, primaryType, message }) {
  const fields = types[primaryType];
  const withFields = (changed) => ({ types: { [primaryType]: changed } });
  const elsewhere = Object.values(CONTRACTS).filter(({ address }) => address !== domain.verifyingContract);

  yield ["wrong chain", { domain: { ...domain, chainId: 1 } }];
  yield ["wrong contract", { domain: { ...domain, verifyingContract: elsewhere[0].address } }];
  yield ["wrong domain name", { domain: { ...domain, name: elsewhere[0].name } }];
  yield ["wrong domain version", { domain: { ...domain, version: `${domain.version}.0` } }];
  yield ["domain without chain", { domain: { ...domain, chainId: undefined } }];
  yield ["domain without contract", { domain: { ...domain, verifyingContract: undefined } }];
  yield ["domain with salt", { domain: { ...domain, salt: `0x${"5a".repeat(32)}` } }];
  yield ["wrong struct name", { primaryType: `${primaryType}2`, types: { [`${primaryType}2`]: fields } }];
  const alike = STRUCTS.filter(({ name, contract, fields: others }) =>
    name !== primaryType && contract === struct.contract && JSON.stringify(others) === JSON.stringify(fields));
  for (const { name } of alike) yield [`signed as ${name}`, { primaryType: name, types: { [name]: fields } }];
  yield ["fields in reverse order", withFields([...fields].reverse())];
  yield ["without the last field", withFields(fields.slice(0, -1))];
  const more = { name: "more", type: "uint256" };
  yield ["with one more field", { ...withFields([...fields, more]), message: { ...message, more: "0" } }];
  for (const [index, { name, type }] of fields.entries()) {
    yield [`wrong ${name}`, { message: { ...message, [name]: plain(struct.otherwise)[name] } }];
    const retyped = fields.with(index, { name, type: OTHER_TYPE[type] });
    const sameWord = { ...message, [name]: String(BigInt(message[name])) };
    yield [`${name} of another type`, { ...withFields(retyped), message: sameWord }];
    const renamed = fields.with(index, { name: `${name}_`, type });
    const sameValue = mapped(message, ([key, value]) => [key === name ? `${name}_` : key, value]);
    yield [`${name} by another name`, { ...withFields(renamed), message: sameValue }];
    const next = fields[index + 1];
    if (!next) continue;
    const swapped = fields.with(index, next).with(index + 1, { name, type });
    yield [`${name} and ${next.name} in the other order`, withFields(swapped)];
  }
}

/** The right message, signed or spelled wrongly. */
function* otherSignatures(struct, { digest, structHash, signature }) {
  const signer = ROLES[struct.signer];
  const { r, s, v } = new SigningKey(signer.privateKey).sign(digest);
  const spelled = (...parts) => concat(parts);
  const other = ROLES[struct.signer === "stranger" ? "relayer" : "stranger"];

  yield ["signed by another key", sign(digest, other), other];
  yield ["the struct's hash alone, without domain", sign(structHash, signer)];
  yield ["the digest as a personal message", sign(hashMessage(getBytes(digest)), signer)];
  yield ["the upper s", spelled(r, toBeHex(CURVE_ORDER - BigInt(s), 32), toBeHex(v === 27 ? 28 : 27))];
  yield ["the other v", spelled(r, s, toBeHex(v === 27 ? 28 : 27))];
  yield ["v of 0 or 1", spelled(r, s, toBeHex(v - 27))];
  yield ["v with a chain's number (EIP-155)", spelled(r, s, toBeHex(v + 10))];
  yield ["compact (EIP-2098)", spelled(r, toBeHex(BigInt(s) | (BigInt(v - 27) << 255n), 32))];
  yield ["r and s exchanged", spelled(s, r, toBeHex(v))];
  yield ["a byte too many", spelled(signature, "0x00")];
  yield ["without its first byte", `0x${signature.slice(4)}`];
  yield ["all zero", `0x${"00".repeat(65)}`];
  yield ["empty", "0x"];
}

function negatives(struct, positive) {
  const found = [];
  for (const [name, change] of otherData(struct, positive)) {
    const { domain, types, primaryType, message } = { ...positive, ...change };
    const kept = types[primaryType].map((field) => [field.name, message[field.name]]);
    const data = { domain, types, primaryType, message: Object.fromEntries(kept) };
    const { digest } = hashes(data);
    if (digest === positive.digest) throw new Error(`${struct.name}: ${name} changes nothing`);
    const signature = sign(digest, positive.signer);
    const shown = Object.fromEntries(Object.keys(change).map((key) => [key, data[key]]));
    found.push({ name, ...shown, digest, signature, recovered: recoverStrict(positive.digest, signature) });
  }
  for (const [name, signature] of otherSignatures(struct, positive)) {
    found.push({ name, signature, recovered: recoverStrict(positive.digest, signature) });
  }
  for (const { name, recovered } of found) {
    if (recovered === positive.signer.address) throw new Error(`${struct.name}: ${name} is a signature after all`);
  }
  if (new Set(found.map((each) => each.signature)).size !== found.length) throw new Error(`${struct.name}: one twice`);
  return found;
}

// ------------------------------------------------------------------------------------------------------------------- nonces

/** The nonce that the contract's authorizationNonce prescribes for the payment of an opening, or a posting. */
function authorizationNonce({ contract, terms, payer, salt }) {
  const types = ["uint256", "address", `tuple(${TERMS[contract].join(",")})`, "address", "bytes32"];
  const values = [CHAIN_ID, CONTRACTS[contract].address, terms, payer, salt];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
}

/** Throws if a contract could take one field for another, and no case that it is asked about would show it. */
function requireTellingApart({ name, fields, cases }) {
  const asked = Object.entries(cases).filter(([title]) => !title.endsWith(" values"));
  const words = asked.map(([, { message, opening }]) => ({ ...message, ...(opening && { nonce: opening.salt }) }));
  for (const [index, one] of fields.entries()) {
    for (const other of fields.slice(index + 1)) {
      if (words.every((message) => BigInt(message[one.name]) === BigInt(message[other.name]))) {
        throw new Error(`${name}: no case tells ${one.name} from ${other.name}`);
      }
    }
  }
}

function everything() {
  STRUCTS.forEach(requireTellingApart);
  return STRUCTS.flatMap((struct) =>
    Object.entries(struct.cases).map(([name, { message, opening, signer = struct.signer }]) => {
      const full = opening ? { ...message, nonce: authorizationNonce(opening) } : message;
      const positive = vector({ ...struct, signer }, name, full);
      if (opening) positive.opening = { ...opening, terms: plain(opening.terms) };
      return name === "usual" ? { ...positive, negatives: negatives(struct, positive) } : positive;
    }),
  );
}

const target = process.argv[2] ?? fileURLToPath(new URL("eip712.json", import.meta.url));
const contents = {
  generated: "By tests/conformance/make_vectors.mjs. Do not edit: make vectors",
  deployer: DEPLOYER,
  contracts: CONTRACTS,
  vectors: everything(),
};
const field = /\{\s+("name": "\w+"),\s+("type": "\w+")\s+\}/g;
writeFileSync(target, `${JSON.stringify(contents, null, 1).replace(field, "{ $1, $2 }")}\n`);
