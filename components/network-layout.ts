// How a network is cut up: zones, subnets, their blocks.
import type { NetworkCreation } from "../config/platform";

/** A block of addresses: where it begins, as a number, and how many bits of an address are the network's. */
interface Block {
  base: number;
  bits: number;
}

export interface NetworkLayout {
  /** One for each zone. Jobs, tasks and endpoints are in these, whatever else there is. */
  privateCidrBlocks: string[];
  /** One for each zone where there is a way to the internet; NAT gateways are in these. Else none. */
  publicCidrBlocks: string[];
}

/** AWS has no smaller subnet. */
const MOST_BITS = 28;
/** Public subnets hold NAT gateways alone: a sixteenth of a zone is more than enough. */
const PUBLIC_SHARE_BITS = 4;

/**
 * Each zone gets an equal part of the network: its first half is the private subnet, and the public one begins where
 * that ends. So NAT gateways come and go without a change of the private subnets, in which interfaces are in use.
 */
export function networkLayout({ cidrBlock, availabilityZones, natGateways }: NetworkCreation): NetworkLayout {
  const whole = parsed(cidrBlock);
  const zoneBits = whole.bits + bitsFor(availabilityZones);
  const zones = Array.from({ length: availabilityZones }, (_, index) => whole.base + index * sizeOf(zoneBits));
  const privateBits = zoneBits + 1;
  const publicBits = Math.min(MOST_BITS, zoneBits + PUBLIC_SHARE_BITS);
  return {
    privateCidrBlocks: zones.map((base) => written({ base, bits: privateBits })),
    publicCidrBlocks:
      natGateways === 0 ? [] : zones.map((base) => written({ base: base + sizeOf(privateBits), bits: publicBits })),
  };
}

/** Bits that tell so many parts apart. */
function bitsFor(parts: number): number {
  return Math.ceil(Math.log2(parts));
}

const sizeOf = (bits: number): number => 2 ** (32 - bits);

/** The block begins where its own mask says, whatever address it was given with. */
function parsed(cidrBlock: string): Block {
  const [address = "", bits = ""] = cidrBlock.split("/");
  const number = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = sizeOf(Number(bits));
  return { base: Math.floor(number / size) * size, bits: Number(bits) };
}

function written({ base, bits }: Block): string {
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join(".")}/${bits}`;
}
