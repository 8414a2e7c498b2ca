import MirrorModel
import TestSupport

/// Draws what is sent through a machine. Each frame has its number among its last bytes, so that no two are alike.
struct FrameDraw {
    let layout: LabLayout
    var random: SeededGenerator

    private static let vlans: [UInt16] = [10, 20, 25, 100, 4094]
    private static let l4Ports: [UInt16] = [53, 80, 443, 1234, 40000]

    mutating func injections() -> [Scenario.Injection] {
        (0..<random.number(20...60)).map { number in
            let entry = entry()
            return injection(UInt32(number), from: entry)
        }
    }

    /// A frame with that number, sent from there.
    mutating func injection(_ number: UInt32, from entry: Scenario.Entry) -> Scenario.Injection {
        Scenario.Injection(frame: frame(number, from: entry), entry: entry)
    }

    private mutating func entry() -> Scenario.Entry {
        let vms = layout.ports.filter(\.hasVM).map { Scenario.Entry.vm($0.name) }
        let hosts =
            layout.bridges.map { Scenario.Entry.host($0.name) }
            + layout.ports.filter { $0.bridge == nil }.map { Scenario.Entry.host($0.name) }
        let choices = random.chance(80) ? vms : hosts
        return random.pick(choices, or: random.pick(vms, or: .host(layout.bridges[0].name)))
    }

    // MARK: Ethernet

    private mutating func frame(_ number: UInt32, from entry: Scenario.Entry) -> Frame {
        let tags = tags()
        let (etherType, header) = packet()
        let overhead = Frame.headerLength + VLANTag.length * tags.count
        let natural = overhead + header(0).count + 4
        let length = max(natural, length(tags))
        let contents = header(length - overhead)
        var payload = contents + [UInt8](repeating: 0x5a, count: max(0, length - overhead - contents.count - 4))
        payload += (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
        return Frame(
            destination: destination(), source: source(entry), tags: tags,
            etherType: etherType ?? UInt16(min(payload.count, 1500)), payload: payload)
    }

    /// Of the whole frame, from Ethernet's least to the most that the machine's ports carry.
    private mutating func length(_ tags: [VLANTag]) -> Int {
        // One 802.1Q tag is let through over the MTU (packet_extra_vlan_len_allowed, is_skb_forwardable).
        let extra = tags.first?.tpid == VLANTag.customer ? VLANTag.length : 0
        let most = min(
            1500 + Frame.headerLength + VLANTag.length * tags.count, Int(layout.mtu) + Frame.headerLength + extra)
        return switch random.number(0...9) {
        case ..<4: 60
        case ..<7: random.number(60...300)
        case ..<9: random.number(60...most)
        default: most
        }
    }

    private mutating func tags() -> [VLANTag] {
        let (outer, inner) = (tci(), tci())
        return switch random.number(0...99) {
        case ..<45: []
        case ..<70: [VLANTag(tci: outer)]
        case ..<78: [VLANTag(tci: outer & 0xf000)]
        case ..<84: [VLANTag(tpid: VLANTag.service, tci: outer)]
        case ..<93: [VLANTag(tpid: VLANTag.service, tci: outer), VLANTag(tci: inner)]
        default: [VLANTag(tci: outer), VLANTag(tci: inner)]
        }
    }

    /// A VLAN with any priority.
    private mutating func tci() -> UInt16 {
        UInt16(random.number(0...7)) << 13 | UInt16(random.number(0...1)) << 12 | random.pick(Self.vlans, or: 10)
    }

    private mutating func source(_ entry: Scenario.Entry) -> MACAddress {
        switch random.number(0...99) {
        case 0: return MACAddress(0, 0, 0, 0, 0, 0)
        case 1: return MACAddress(0x01, 0x00, 0x5e, 1, 2, 3)
        case 2...4: return Scenario.Station.address(portNumber(), random.number(1...2))
        case 5: return random.pick(layout.bridges.map(\.address), or: .broadcast)
        default:
            guard case .vm(let port) = entry, let number = layout.ports.firstIndex(where: { $0.name == port }) else {
                guard case .host(let name) = entry, let bridge = layout.bridges.first(where: { $0.name == name })
                else { return MACAddress(0x02, 0x77, 0, 0, 0, 1) }
                return bridge.address
            }
            return Scenario.Station.address(number, random.number(1...2))
        }
    }

    private mutating func destination() -> MACAddress {
        switch random.number(0...99) {
        case ..<45: return Scenario.Station.address(portNumber(), random.number(1...2))
        case ..<60: return .broadcast
        case ..<75:
            return random.pick(
                [MACAddress(0x01, 0, 0x5e, 0, 0, 0xfb), MACAddress(0x33, 0x33, 0, 0, 0, 1)], or: .broadcast)
        case ..<85: return MACAddress(0x02, 0x99, 0, 0, 0, UInt8(random.number(0...3)))
        case ..<95: return random.pick(layout.localAddresses.keys.sorted(), or: .broadcast)
        default: return MACAddress(0x01, 0x80, 0xc2, 0, 0, UInt8(random.pick([0, 1, 2, 3, 14], or: 0)))
        }
    }

    private mutating func portNumber() -> Int { random.number(0...layout.ports.count - 1) }

    // MARK: What is in it

    /// The EtherType (nil for a length) and a function that makes the headers for so many bytes of payload.
    private mutating func packet() -> (etherType: UInt16?, header: (Int) -> [UInt8]) {
        let (source, target) = ((portNumber(), random.number(1...2)), (portNumber(), random.number(1...2)))
        let v4 = (Scenario.Station.ipv4(source.0, source.1), Scenario.Station.ipv4(target.0, target.1))
        let v6 = (Scenario.Station.ipv6(source.0, source.1), Scenario.Station.ipv6(target.0, target.1))
        let isEven = random.chance(50)
        switch random.number(0...99) {
        case ..<12:
            let hardware = Scenario.Station.address(source.0, source.1).bytes
            let arp = [0, 1, 8, 0, 6, 4, 0, isEven ? 1 : 2] + hardware + v4.0
            return (0x0806, { _ in arp + [UInt8](repeating: 0, count: 6) + v4.1 })
        case ..<60:
            let (number, inner) = transport(isIPv6: false)
            let multicast: [UInt8] = [224, 0, 0, 251]
            let isToGroup = random.chance(10)
            let fragment: UInt16 = random.chance(12) ? 185 : random.chance(8) ? 0x2000 : 0
            let options = random.chance(15) ? [UInt8](repeating: 1, count: 8) : []
            let ttl = UInt8(random.pick([1, 5, 64, 255], or: 64))
            return (
                0x0800,
                { size in
                    let head: [UInt8] = [0x40 | UInt8(5 + options.count / 4), 0]
                    let total = Self.bytes(UInt16(size))
                    return head + total + [0, 7] + Self.bytes(fragment) + [ttl, number, 0, 0] + v4.0
                        + (isToGroup ? multicast : v4.1) + options + inner
                }
            )
        case ..<82:
            let (number, inner) = transport(isIPv6: true)
            return (
                0x86dd,
                { size in
                    [0x60, 0, 0, 0] + Self.bytes(UInt16(max(0, size - 40))) + [number, 64] + v6.0 + v6.1 + inner
                }
            )
        case ..<88: return (0x88b6, { _ in Array("experiment".utf8) })
        case ..<92: return (0x8847, { _ in [0, 1, 0x41, 64, 0x45, 0] })
        case ..<95: return (0x8863, { _ in [0x11, 9, 0, 0, 0, 0] })
        // LLC: where others have the EtherType there is a length.
        default: return (nil, { _ in [0x42, 0x42, 3, 0, 0] })
        }
    }

    /// A protocol's number and its header.
    private mutating func transport(isIPv6: Bool) -> (UInt8, [UInt8]) {
        let ports = Self.bytes(random.pick(Self.l4Ports, or: 80)) + Self.bytes(random.pick(Self.l4Ports, or: 80))
        switch random.number(0...9) {
        case ..<4:
            let flags = UInt8(random.pick([0x02, 0x12, 0x10, 0x18, 0x11, 0x04], or: 0x10))
            return (6, ports + [0, 0, 0, 1, 0, 0, 0, 2, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0])
        case ..<7: return (17, ports + [0, 8, 0, 0])
        case ..<9:
            let isRequest = random.chance(50)
            return isIPv6
                ? (58, [isRequest ? 128 : 129, 0, 0, 0, 0, 1, 0, 1]) : (1, [isRequest ? 8 : 0, 0, 0, 0, 0, 1, 0, 1])
        default: return (47, [0, 0, 0x08, 0])
        }
    }

    private static func bytes(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 0xff)] }
}
