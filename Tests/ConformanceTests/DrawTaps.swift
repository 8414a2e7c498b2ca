import MirrorModel

/// Draws what only a tap has.
extension ScenarioDraw {
    /// Gives mirrors to taps: most often all of them, and at least one.
    mutating func drawTaps(_ mirrors: [Mirror]) throws -> [Mirror] {
        let isMixed = mirrors.count > 1 && random.chance(35)
        let last = random.number(0...mirrors.count - 1)
        let hasFilters = mirrors.contains { $0.filter != nil }
        return try mirrors.enumerated().map { number, mirror in
            var mirror = mirror
            mirror.engine = isMixed && number != last && random.chance(60) ? .tc : .tap
            guard mirror.engine == .tap else { return mirror }
            mirror.reserve = random.chance(1)
            try drawFiles(of: &mirror)
            if random.chance(35) {
                mirror.snaplen = random.pick(hasFilters ? Self.longSnaplens : Self.snaplens, or: 60)
            }
            mirror.spread = mirror.outputs.count > 1 && random.chance(50)
            return mirror
        }
    }

    /// From what a frame has to have for the kernel to get past two tags, to libpcap's largest.
    private static let snaplens: [UInt32] = [24, 34, 59, 60, 61, 64, 128, 200, 1000, 262_144]
    /// Headers stay whole: what filters of other mirrors that watch the output make of stubs isn't for this suite.
    private static let longSnaplens: [UInt32] = [96, 128, 200, 1000, 1514, 262_144]

    private mutating func drawFiles(of mirror: inout Mirror) throws {
        let count = random.pick(weighted: [(60, 0), (32, 1), (8, 2)], or: 0)
        if count > 0, random.chance(30) { mirror.outputs = [] }
        for number in 0..<count {
            var settings = FileSettings(directory: try DirectoryPath("/\(mirror.name)/\(number)"))
            settings.format = random.chance(75) ? .pcapng : .pcap
            if random.chance(15) { settings.compression = .zstd }
            if random.chance(30) { settings.rotatePackets = UInt32(random.number(1...12)) }
            // Anywhere among the others.
            mirror.outputs.insert(.files(settings), at: random.number(0...mirror.outputs.count))
        }
    }
}
