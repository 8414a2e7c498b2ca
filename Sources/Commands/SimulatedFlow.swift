/// The same for all frames of a flow, in both directions: of the addresses, and the ports where they are at their usual
/// place. It is this program's own and stands for whatever hash an engine spreads by.
func flowHash(_ bytes: [UInt8]) -> UInt32 {
    func word(_ place: Int, _ count: Int) -> UInt64 {
        guard place + count <= bytes.count else { return 0 }
        return bytes[place..<place + count].reduce(0) { $0 << 8 | UInt64($1) }
    }
    func mixed(_ value: UInt64) -> UInt64 {
        let first = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        let second = (first ^ first >> 27) &* 0x94d0_49bb_1331_11eb
        return second ^ second >> 31
    }
    var start = 12
    while [0x8100, 0x88a8, 0x9100].contains(word(start, 2)) { start += 4 }
    let header = start + 2
    switch word(start, 2) {
    case 0x0800:
        let addresses = mixed(word(header + 12, 4)) &+ mixed(word(header + 16, 4))
        // Fragments but the first have no ports, so that no fragment's count.
        guard word(header + 6, 2) & 0x3fff == 0, [6, 17, 132].contains(word(header + 9, 1)) else {
            return UInt32(truncatingIfNeeded: mixed(addresses))
        }
        let ports = header + Int(word(header, 1) & 15) * 4
        return UInt32(truncatingIfNeeded: mixed(addresses &+ mixed(word(ports, 2)) &+ mixed(word(ports + 2, 2))))
    case 0x86dd:
        let source = mixed(word(header + 8, 8) ^ mixed(word(header + 16, 8)))
        let destination = mixed(word(header + 24, 8) ^ mixed(word(header + 32, 8)))
        guard [6, 17, 132].contains(word(header + 6, 1)) else {
            return UInt32(truncatingIfNeeded: mixed(source &+ destination))
        }
        let ports = mixed(word(header + 40, 2)) &+ mixed(word(header + 42, 2))
        return UInt32(truncatingIfNeeded: mixed(source &+ destination &+ ports))
    default: return UInt32(truncatingIfNeeded: mixed(mixed(word(0, 6)) &+ mixed(word(6, 6))))
    }
}
