import PacketSocket
import Testing

@Suite("Cutting super-frames")
struct OffloadSegmentTests {
    @Test("A TCP super-frame becomes segments with their own id, sequence number, flags and checksums")
    func tcp() throws {
        // FIN, PSH, ACK, CWR; the sequence number and the id wrap.
        let recipe = FrameRecipe(
            tcpOptions: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], tcpFlags: 0x99, identification: 0xffff,
            sequence: 0xffff_ff00, payload: (0..<2501).map { UInt8(truncatingIfNeeded: $0 * 7) })
        let (plan, segments) = try cut(recipe.bytes, recipe.header(1000))
        #expect(plan.count == 3)
        #expect(plan.largestFrame == 1066)
        #expect(plan.totalBytes == segments.map(\.count).reduce(0, +))
        let checked = segments.map(CheckedFrame.init)
        #expect(checked.allSatisfy { $0.problems.isEmpty })
        #expect(checked.map(\.identification) == [0xffff, 0, 1])
        #expect(checked.map(\.fragmentField) == [0x4000, 0x4000, 0x4000])
        #expect(checked.map(\.sequence) == [0xffff_ff00, 0x2e8, 0x6d0])
        #expect(checked.map(\.tcpFlags) == [0x90, 0x10, 0x19])
        #expect(checked.map(\.payload.count) == [1000, 1000, 501])
        #expect(checked.flatMap(\.payload) == recipe.payload)
    }

    @Test("A super-frame of UDP datagrams becomes datagrams, each with its length")
    func udp() throws {
        for isIPv6 in [false, true] {
            let recipe = FrameRecipe(
                isIPv6: isIPv6, transport: .udp, identification: 7, payload: Array(repeating: 0x5a, count: 2999))
            let (plan, segments) = try cut(recipe.bytes, recipe.header(1200))
            let checked = segments.map(CheckedFrame.init)
            #expect(plan.count == 3)
            #expect(checked.allSatisfy { $0.problems.isEmpty })
            #expect(checked.map(\.payload.count) == [1200, 1200, 599])
            if !isIPv6 { #expect(checked.map(\.identification) == [7, 8, 9]) }
        }
    }

    @Test("No super-frame becomes more frames than a real one: what its sender says beyond that is refused")
    func bounded() throws {
        func pieces(_ recipe: FrameRecipe, _ size: Int, fragments: Bool = false) -> Int? {
            do {
                return try cut(recipe.bytes, recipe.header(size, fragments: fragments)).1.count
            } catch {
                #expect(error == .tooManySegments, "\(recipe.transport) \(size)")
                return nil
            }
        }
        let payload = [UInt8](repeating: 7, count: 65_000)
        for isIPv6 in [false, true] {
            let tcp = FrameRecipe(isIPv6: isIPv6, tcpOptions: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2], payload: payload)
            // The smallest that Linux sends: 36 bytes of payload and 12 of options.
            #expect(pieces(tcp, 36) == 1806)
            for size in [1, 2, 8, 35] { #expect(pieces(tcp, size) == nil) }
            let udp = FrameRecipe(isIPv6: isIPv6, transport: .udp, payload: payload)
            #expect(pieces(udp, 48) == 1355)
            for size in [1, 47] { #expect(pieces(udp, size) == nil) }
            #expect(pieces(udp, 8, fragments: true) == nil)
            // What came in small pieces one after the other, and was made one on the way.
            var small = tcp
            small.payload = Array(payload.prefix(128))
            #expect(pieces(small, 1) == 128)
            small.payload.append(0)
            #expect(pieces(small, 1) == nil)
        }
    }

    @Test("A UDP datagram without a checksum stays without one")
    func udpWithoutChecksum() throws {
        let recipe = FrameRecipe(transport: .udp, payload: Array(repeating: 1, count: 300), isPartial: false)
        var frame = recipe.bytes
        frame.replaceSubrange((recipe.transportStart + 6)..<(recipe.transportStart + 8), with: [0, 0])
        let (_, segments) = try cut(frame, recipe.header(100))
        #expect(segments.count == 3)
        #expect(segments.allSatisfy { $0[(recipe.transportStart + 6)...].prefix(2) == [0, 0] })
    }

    @Test("A datagram that is to be fragmented becomes fragments of one id, IPv4's and IPv6's")
    func fragments() throws {
        let payload = (0..<3000).map { UInt8(truncatingIfNeeded: $0 * 3) }
        var recipe = FrameRecipe(tags: [0x8100], transport: .udp, identification: 0x1234, payload: payload)
        recipe.fragmentField = 0
        let (plan, segments) = try cut(recipe.bytes, recipe.header(1483, fragments: true))
        let checked = segments.map(CheckedFrame.init)
        #expect(plan.count == 3 && plan.largestFrame == segments[0].count)
        #expect(checked.allSatisfy { $0.problems.isEmpty && $0.identification == 0x1234 })
        #expect(checked.map(\.fragmentField) == [0x2000, 0x2000 | 185, 370])
        recipe.isPartial = false
        #expect(checked.flatMap(\.payload) == Array(recipe.bytes[recipe.transportStart...]))
    }

    @Test("IPv6 fragments have the header between what routers look at and the rest")
    func fragments6() throws {
        var recipe = FrameRecipe(
            isIPv6: true, extensions: [(0, [0, 0, 1, 4, 0, 0, 0, 0]), (60, [0, 0, 1, 4, 0, 0, 0, 0])], transport: .udp,
            payload: (0..<2000).map { UInt8(truncatingIfNeeded: $0) })
        let (plan, segments) = try cut(recipe.bytes, recipe.header(1000, fragments: true))
        #expect(plan.count == 3)
        recipe.isPartial = false
        var datagram: [UInt8] = []
        for (index, segment) in segments.enumerated() {
            #expect(segment[20] == 0 && segment[54] == 44)
            #expect(Int(segment[18]) << 8 | Int(segment[19]) == segment.count - 54)
            #expect(segment[62] == 60 && segment[66..<70] == segments[0][66..<70])
            let field = Int(segment[64]) << 8 | Int(segment[65])
            #expect(field == index * 1000 | (index < 2 ? 1 : 0))
            datagram += segment[70...]
        }
        #expect(datagram == Array(recipe.bytes[62...]))
    }

    @Test("The header of a jumbo payload goes, and its segments have plain lengths")
    func jumbo() throws {
        var recipe = FrameRecipe(
            isIPv6: true, extensions: [(0, [0, 0, 0xc2, 4, 0, 1, 0x20, 0])],
            payload: Array(repeating: 0x42, count: 40_000))
        var frame = recipe.bytes
        frame.replaceSubrange(18..<20, with: [0, 0])
        let (_, segments) = try cut(frame, recipe.header(1440))
        #expect(segments.count == 28)
        let checked = segments.map(CheckedFrame.init)
        #expect(checked.allSatisfy { $0.problems.isEmpty && $0.headLength == 74 })
        recipe.extensions = []
        recipe.isPartial = false
        recipe.payload = Array(recipe.payload.prefix(1440))
        #expect(segments[0] == recipe.bytes)
    }

    @Test("IPv4's large super-frame, whose length is zero, is cut to its end")
    func bigTCP() throws {
        let payload = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        // The pseudo-header's sum has the length in 32 bits: its upper half is added at the end.
        let recipe = FrameRecipe(payload: Array(payload.prefix(100_000 - 65536)))
        var frame = recipe.bytes + payload.suffix(65536)
        frame.replaceSubrange(16..<18, with: [0, 0])
        let field = recipe.transportStart + 16
        let partial = SlowChecksum.sum(Array(frame[field..<(field + 2)]) + [0, 1])
        frame.replaceSubrange(field..<(field + 2), with: big(partial))
        let (plan, segments) = try cut(frame, recipe.header(1448))
        #expect(plan.count == 70)
        let checked = segments.map(CheckedFrame.init)
        #expect(checked.allSatisfy { $0.problems.isEmpty })
        #expect(checked.flatMap(\.payload) == payload)
    }

    @Test("A frame whose segment size isn't known is cut to fit the MTU, whatever tags there are")
    func fitting() throws {
        for tags in [[], [0x8100], [0x88a8, 0x8100]] as [[UInt16]] {
            for isPartial in [true, false] {
                let recipe = FrameRecipe(
                    tags: tags, isIPv6: tags.count == 1, payload: (0..<9000).map { UInt8(truncatingIfNeeded: $0) },
                    isPartial: isPartial)
                let (plan, segments) = try cut(recipe.bytes, fitting: 1500)
                #expect(plan.fits(mtu: 1500) && !plan.fits(mtu: 1499))
                #expect(plan.largestFrame == (tags == [0x8100] ? 1518 : 1514))
                let checked = segments.map(CheckedFrame.init)
                #expect(checked.allSatisfy { $0.problems.isEmpty })
                #expect(checked.flatMap(\.payload) == recipe.payload)
            }
        }
        #expect(throws: OffloadError.segmentSizeUnknown) {
            _ = try cut(FrameRecipe(transport: .udp, payload: Array(repeating: 0, count: 3000)).bytes, fitting: 1500)
        }
        #expect(throws: OffloadError.noSegmentSize) {
            _ = try cut(FrameRecipe(payload: Array(repeating: 0, count: 3000)).bytes, fitting: 40)
        }
    }

    @Test("Whether the segments fit an output is known before the first is made")
    func limits() throws {
        let recipe = FrameRecipe(tags: [0x88a8], payload: Array(repeating: 0, count: 5000))
        let (plan, _) = try cut(recipe.bytes, recipe.header(1460))
        #expect(!plan.fits(mtu: 1500) && plan.fits(mtu: 1504))
        let (short, _) = try cut(recipe.bytes, recipe.header(60000))
        #expect(short.count == 1 && short.largestFrame == recipe.bytes.count)
    }

    @Test("What can't be cut says why")
    func errors() {
        let recipe = FrameRecipe(payload: Array(repeating: 0, count: 3000))
        func expect(_ error: OffloadError, _ frame: [UInt8]? = nil, _ change: (inout VirtioNetHeader) -> Void) {
            var header = recipe.header(1000)
            change(&header)
            #expect(throws: error) { _ = try cut(frame ?? recipe.bytes, header) }
        }
        expect(.noSegmentSize) { $0.segmentSize = 0 }
        expect(.unknownKind) { $0.kind = .init(rawValue: 2) }
        expect(.unknownKind) { $0.kind = .none }
        expect(.wrongProtocol) { $0.kind = .tcp6 }
        expect(.wrongProtocol) { $0.kind = .udp }
        expect(.encapsulated) { $0.checksumStart = 84 }
        expect(.checksumPlace) { $0.checksumStart = 30 }
        expect(.checksumPlace) { $0.checksumOffset = 6 }
        expect(.truncated, Array(recipe.bytes.prefix(1000))) { _ in }
        expect(.truncated, Array(recipe.bytes.prefix(40))) { _ in }
        var tagged = recipe
        tagged.tags = Array(repeating: 0x8100, count: 120)
        #expect(throws: OffloadError.headersTooLong) { _ = try cut(tagged.bytes, tagged.header(1000)) }
        var fragment = recipe
        fragment.fragmentField = 0x2000
        expect(.wrongProtocol, fragment.bytes) { _ in }
    }

    @Test("Heads stay as they are until they are given back, over several super-frames")
    func headsLive() throws {
        let recipe = FrameRecipe(identification: 1, payload: (0..<4000).map { UInt8(truncatingIfNeeded: $0) })
        let frame = recipe.bytes
        try frame.withUnsafeBytes { bytes in
            var segmenter = Segmenter()
            var segments: [Segment] = []
            var copies: [[UInt8]] = []
            for _ in 0..<40 {
                _ = try segmenter.begin(bytes, recipe.header(500))
                while case .segment(let segment) = segmenter.next() {
                    segments.append(segment)
                    copies.append(Array(segment.head))
                }
            }
            #expect(segments.count == 320)
            #expect(segments.map { Array($0.head) } == copies)
        }
    }

    @Test("With little memory for heads, cutting goes on after each reset")
    func fullHeads() throws {
        let recipe = FrameRecipe(payload: (0..<60_000).map { UInt8(truncatingIfNeeded: $0 / 5) })
        let (_, few) = try cut(recipe.bytes, recipe.header(100), headBytes: 1)
        let (_, many) = try cut(recipe.bytes, recipe.header(100))
        #expect(few.count == 600 && few == many)
    }
}
