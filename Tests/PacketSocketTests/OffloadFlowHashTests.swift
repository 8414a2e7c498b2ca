import PacketSocket
import RandomNumbers
import Testing

@Suite("The flow hash")
struct OffloadFlowHashTests {
    private func hash(_ recipe: FrameRecipe, _ granularity: FlowHash.Granularity = .flows) -> UInt32 {
        recipe.bytes.withUnsafeBytes { FlowHash(granularity)($0) }
    }

    @Test("Both directions have the same hash, with and without tags and options")
    func symmetric() {
        var numbers = SeededNumbers(3)
        for _ in 0..<500 {
            var recipe = FrameRecipe.random(&numbers)
            recipe.payload = Array(recipe.payload.prefix(60))
            recipe.transport = [.tcp, .udp, .sctp].randomElement(using: &numbers) ?? .tcp
            var other = recipe
            other.isReversed = true
            other.tags = [0x8100]
            other.ipOptions = []
            other.extensions = []
            #expect(hash(recipe) == hash(other))
            #expect(hash(recipe, .hosts) == hash(other, .hosts))
            var third = recipe
            third.ports.0 ^= 1
            #expect(hash(recipe) != hash(third))
            #expect(hash(recipe, .hosts) == hash(third, .hosts))
        }
    }

    @Test("All fragments of a datagram have the same hash, the first with its ports too")
    func fragments() throws {
        for isIPv6 in [false, true] {
            var recipe = FrameRecipe(isIPv6: isIPv6, transport: .udp, payload: Array(repeating: 9, count: 5000))
            recipe.fragmentField = 0
            let (_, segments) = try cut(recipe.bytes, recipe.header(1480, fragments: true))
            #expect(segments.count == 4)
            #expect(Set(segments.map { $0.withUnsafeBytes { FlowHash()($0) } }).count == 1)
            let (_, others) = try cut(recipe.bytes, recipe.header(1480))
            #expect(Set(others.map { $0.withUnsafeBytes { FlowHash(.hosts)($0) } }).count == 1)
            let all = (segments + others).map { $0.withUnsafeBytes { FlowHash(.hosts)($0) } }
            #expect(Set(all).count == 1)
        }
    }

    @Test("What isn't IP goes by its MAC addresses, and what isn't a frame has zero")
    func others() {
        let arp: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 6, 0, 1]
        let answer: [UInt8] = Array(arp[6..<12] + arp[..<6]) + [8, 6, 0, 2]
        let third: [UInt8] = [2, 0, 0, 0, 0, 3] + arp[6...]
        let hashes = [arp, answer, third, Array(arp.prefix(11))].map { $0.withUnsafeBytes { FlowHash()($0) } }
        #expect(hashes[0] == hashes[1] && hashes[0] != hashes[2])
        #expect(hashes[3] == 0)
    }

    @Test("A frame whose payload was cut off has the hash of the whole one")
    func snapped() {
        let recipe = FrameRecipe(payload: Array(repeating: 1, count: 1000))
        let cut = Array(recipe.bytes.prefix(recipe.headLength))
        #expect(cut.withUnsafeBytes { FlowHash()($0) } == hash(recipe))
    }

    @Test("Random and consecutive flows spread evenly over any number of outputs", arguments: [2, 3, 7, 16])
    func spread(outputs: Int) {
        var numbers = SeededNumbers(UInt64(outputs))
        let flows = 20_000
        for isRandom in [true, false] {
            var counts = [Int](repeating: 0, count: outputs)
            for flow in 0..<flows {
                var frame = FrameRecipe(transport: .udp).bytes
                let source =
                    isRandom ? UInt32.random(in: 0...UInt32.max, using: &numbers) : 0x0a00_0000 + UInt32(flow / 100)
                withUnsafeBytes(of: source.bigEndian) { frame.replaceSubrange(26..<30, with: $0) }
                frame.replaceSubrange(
                    34..<36,
                    with: big(isRandom ? .random(in: 0...65535, using: &numbers) : UInt16(1024 + flow % 100)))
                counts[frame.withUnsafeBytes { FlowHash().output(of: $0, among: outputs) }] += 1
            }
            // Pearson's chi-square: its mean is outputs − 1, its variance twice that; six deviations are out of chance.
            let expected = Double(flows) / Double(outputs)
            let square = counts.map { (Double($0) - expected) * (Double($0) - expected) / expected }.reduce(0, +)
            let freedom = Double(outputs - 1)
            #expect(square < freedom + 6 * (2 * freedom).squareRoot(), "\(counts)")
        }
    }
}
