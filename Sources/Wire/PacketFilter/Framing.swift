/// What packets begin with where they are heard: what a filter's offsets count from.
public enum Framing: Hashable, Sendable {
    /// An Ethernet header.
    case ethernet
    /// An IP header: layer-3 interfaces, such as tun, WireGuard, ipip and PPP.
    case rawIP
    /// A Linux cooked header, version 2, in place of whatever link header a packet has: all interfaces at once
    /// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html>).
    case cooked

    /// By the kind of an interface (`ARPHRD_…` of linux/if_arp.h): loopback interfaces have Ethernet headers, too. Nil for
    /// kinds with link headers of their own: 802.11, InfiniBand, CAN, netlink.
    public init?(hardwareType: UInt16) {
        switch hardwareType {
        // ETHER, LOOPBACK
        case 1, 772: self = .ethernet
        // SLIP, CSLIP, SLIP6, CSLIP6; PPP; RAWIP; TUNNEL, TUNNEL6; SIT, IPGRE, IP6GRE; NONE
        case 256...259, 512, 519, 768, 769, 776, 778, 823, 65534: self = .rawIP
        default: return nil
        }
    }

    /// `DLT_…` of <pcap/dlt.h>: `EN10MB`, `RAW` and `LINUX_SLL2`.
    var number: Int32 {
        switch self {
        case .ethernet: 1
        case .rawIP: 12
        case .cooked: 276
        }
    }
}

/// A filter for cooked packets, as the kernel can run it on the packets of all interfaces, which have no such header there.
enum CookedFilter {
    /// Bytes of the header.
    static let headerLength: UInt32 = 20
    /// Loads from here on count from the network header (`SKF_NET_OFF` of linux/filter.h).
    private static let network: UInt32 = 0xfff0_0000
    /// Loads from here on count from the link header (`SKF_LL_OFF`).
    private static let link: UInt32 = 0xffe0_0000
    /// `SKF_AD_HATYPE`
    private static let hardwareType = Ancillary.base + 28

    /// What reads behind a tag that is in the packet's bytes, which the kernel takes for the packet's protocol: the EtherType
    /// after it, and what follows that. By index, as ``InlineTag`` has it.
    static func replacements(in program: BPFProgram) -> [Int: [BPFInstruction]] {
        var replacements: [Int: [BPFInstruction]] = [:]
        for (index, instruction) in program.instructions.enumerated() {
            var moved = instruction
            switch instruction.opcode {
            case .ldHalf where instruction.k == Ancillary.protocolType: moved.k = link + 16
            case .ldWord, .ldHalf, .ldByte, .ldWordIndirect, .ldHalfIndirect, .ldByteIndirect, .ldxHeaderLength:
                guard instruction.k >= network, instruction.k < Ancillary.base else { continue }
                moved.k = link + 18 + (instruction.k - network)
            default: continue
            }
            replacements[index] = [moved]
        }
        return replacements
    }

    /// The program with each load of the header replaced by one of what the kernel knows of the packet.
    static func live(_ program: BPFProgram, of expression: String) throws(FilterError) -> BPFProgram {
        var instructions = program.instructions
        for index in instructions.indices {
            guard let opcode = instructions[index].opcode else { continue }
            let k = instructions[index].k
            switch opcode {
            case .ldHalf where k == 0: instructions[index].k = Ancillary.protocolType
            case .ldWord where k == 4: instructions[index].k = Ancillary.interfaceIndex
            case .ldHalf where k == 8: instructions[index].k = hardwareType
            case .ldByte where k == 10: instructions[index].k = Ancillary.packetType
            case .ldWord, .ldHalf, .ldByte, .ldWordIndirect, .ldHalfIndirect, .ldByteIndirect, .ldxHeaderLength:
                // Further on, what the kernel knows would be read.
                guard k >= headerLength, k - headerLength < Ancillary.base - network else {
                    throw FilterError(
                        expression: expression,
                        message: k < headerLength
                            ? "the filter reads the link header, which differs from interface to interface: name one"
                            : "no packet is so long"
                    )
                }
                instructions[index].k = network + (k - headerLength)
            default: break
            }
        }
        do {
            return try BPFProgram(instructions)
        } catch {
            throw FilterError(expression: expression, message: "the kernel doesn't take the filter: \(error)")
        }
    }
}
