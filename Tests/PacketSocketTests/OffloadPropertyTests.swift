import PacketSocket
import RandomNumbers
import Testing

@Suite("Cutting random and hostile frames")
struct OffloadPropertyTests {
    @Test("Random super-frames, cut and put together again, give the same payload in valid frames")
    func random() throws {
        for seed in 0..<400 as Range<UInt64> {
            var numbers = SeededNumbers(seed)
            let recipe = FrameRecipe.random(&numbers)
            // Of small ones no super-frame holds many.
            let size = Int.random(in: max(1, min(48, recipe.payload.count / 128 + 1))...1500, using: &numbers)
            let (plan, segments) = try cut(recipe.bytes, recipe.header(size))
            let checked = segments.map(CheckedFrame.init)
            #expect(segments.count == plan.count && plan.count == max(1, (recipe.payload.count + size - 1) / size))
            #expect(segments.map(\.count).max() == plan.largestFrame)
            #expect(checked.allSatisfy { $0.problems.isEmpty }, "seed \(seed): \(checked.first?.problems ?? [])")
            #expect(checked.flatMap(\.payload) == recipe.payload, "seed \(seed)")
            #expect(checked.allSatisfy { $0.tags == recipe.tags && $0.headLength == recipe.headLength })
            if recipe.transport == .tcp {
                for (index, frame) in checked.enumerated() {
                    #expect(frame.sequence == recipe.sequence &+ UInt32(index * size), "seed \(seed)")
                }
            }
            // One segment is the frame itself, complete.
            var complete = recipe
            complete.isPartial = false
            if plan.count == 1 { #expect(segments[0] == complete.bytes, "seed \(seed)") }
        }
    }

    @Test("Random bytes in the header, and in the frame, are an error or segments, never a crash")
    func hostile() {
        var numbers = SeededNumbers(99)
        for _ in 0..<6000 {
            var recipe = FrameRecipe.random(&numbers)
            recipe.payload = Array(recipe.payload.prefix(Int.random(in: 0...300, using: &numbers)))
            var frame = recipe.bytes
            for _ in 0..<Int.random(in: 0...4, using: &numbers) {
                frame[Int.random(in: 12..<min(80, frame.count), using: &numbers)] = .random(
                    in: 0...255, using: &numbers)
            }
            if Bool.random(using: &numbers) {
                frame = Array(frame.prefix(.random(in: 0...frame.count, using: &numbers)))
            }
            var header = recipe.header(Int.random(in: 1...200, using: &numbers), fragments: .random(using: &numbers))
            let extremes: [UInt16] = [
                0, 1, 7, 8, 13, 14, 255, 1500, 32767, 32768, 65534, 65535, .random(in: 0...65535, using: &numbers),
            ]
            switch Int.random(in: 0..<7, using: &numbers) {
            case 0: header.segmentSize = extremes.randomElement(using: &numbers) ?? 0
            case 1: header.checksumStart = extremes.randomElement(using: &numbers) ?? 0
            case 2: header.checksumOffset = extremes.randomElement(using: &numbers) ?? 0
            case 3: header.kind = .init(rawValue: .random(in: 0...6, using: &numbers))
            case 4: header.flags = .init(rawValue: .random(in: 0...255, using: &numbers))
            case 5: header.headerLength = extremes.randomElement(using: &numbers) ?? 0
            default: break
            }
            survive(frame, header)
        }
    }

    @Test("Nothing but random bytes is survived too")
    func noise() {
        var numbers = SeededNumbers(5)
        for _ in 0..<4000 {
            let frame = (0..<Int.random(in: 0...200, using: &numbers)).map { _ in
                UInt8.random(in: 0...255, using: &numbers)
            }
            let bytes = (0..<10).map { _ in UInt8.random(in: 0...255, using: &numbers) }
            guard let header = bytes.withUnsafeBytes({ VirtioNetHeader($0) }) else { continue }
            survive(frame, header)
        }
    }

    /// Everything that takes a frame from outside, on memory that is exactly as long as the frame.
    private func survive(_ frame: [UInt8], _ header: VirtioNetHeader) {
        if let (plan, segments) = try? cut(frame, header) {
            #expect(segments.count == plan.count && plan.count <= Segmenter.mostSegments)
            #expect(segments.map(\.count).reduce(0, +) == plan.totalBytes)
            #expect(segments.map(\.count).max() == plan.largestFrame)
        }
        _ = try? cut(frame, fitting: 576)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: frame.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: frame)
        try? ChecksumCompletion.complete(memory, header)
        _ = FlowHash()(UnsafeRawBufferPointer(memory))
        _ = OutputLimit.fits(UnsafeRawBufferPointer(memory), mtu: 20)
    }
}

extension FrameRecipe {
    static func random(_ numbers: inout SeededNumbers) -> FrameRecipe {
        var recipe = FrameRecipe()
        recipe.tags = (0..<Int.random(in: 0...3, using: &numbers)).map { _ in
            Bool.random(using: &numbers) ? 0x8100 : 0x88a8
        }
        recipe.isIPv6 = .random(using: &numbers)
        recipe.transport = .random(using: &numbers) ? .tcp : .udp
        if recipe.isIPv6 {
            let options: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
            if .random(using: &numbers) { recipe.extensions.append((0, options)) }
            if .random(using: &numbers) {
                recipe.extensions.append((60, [0, 1, 1, 12] + Array(repeating: 0, count: 12)))
            }
        } else {
            recipe.ipOptions = Array(repeating: 1, count: 4 * .random(in: 0...10, using: &numbers))
        }
        if recipe.transport == .tcp {
            recipe.tcpOptions = Array(repeating: 1, count: 4 * .random(in: 0...10, using: &numbers))
            recipe.tcpFlags = .random(in: 0...255, using: &numbers)
        }
        recipe.identification = .random(in: 0...65535, using: &numbers)
        recipe.fragmentField = .random(using: &numbers) ? 0x4000 : 0
        recipe.sequence = .random(in: 0...UInt32.max, using: &numbers)
        recipe.ports = (.random(in: 0...65535, using: &numbers), .random(in: 0...65535, using: &numbers))
        recipe.isPartial = .random(using: &numbers)
        let length =
            [0, 1, 2, 1460, 4000, .random(in: 0...20_000, using: &numbers)].randomElement(using: &numbers) ?? 0
        recipe.payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ length) }
        return recipe
    }
}
