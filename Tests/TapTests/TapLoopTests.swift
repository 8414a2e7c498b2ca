import CaptureFile
import CaptureLog
import EventLoop
import Glibc
import LinuxSystem
import MirrorModel
import PacketSocket
import Tap
import Testing

/// A tap of captures to files, on a thread of its own, which gets signals of its own.
private final class Stage {
    let tap: Tap
    let loop: EventLoop
    var duties = TapLoop.Duties()
    /// What happened, in order.
    var events: [String] = []
    private let directory: String
    private let began = ThisProcess.monotonicNanoseconds()

    init(limit: UInt64?) throws {
        // Blocked on this thread, and on those that the tap starts.
        _ = try SignalDescriptor(Set(Signal.allCases))
        directory = try Files.makeTemporaryDirectory("portmirror-tap-tests")
        var settings = TapSettings(watched: [], ports: [])
        settings.limit = limit
        let name = try FileNameTemplate("t-{seq}", fileExtension: "pcapng")
        let files = [
            TapFiles(
                log: CaptureLogSettings(name: name, directoryPath: directory), directory: try OpenedDirectory(directory)
            )
        ]
        loop = try EventLoop()
        tap = try Tap(settings, in: .current()) { _ in }
        try tap.begin(files)
    }

    deinit { try? Files.removeTree(directory) }

    var elapsed: UInt64 { ThisProcess.monotonicNanoseconds() - began }

    /// A frame with a number in it.
    func frame(_ number: UInt8, due: UInt64 = 0) -> TapLoop.Replayed {
        let bytes = Array(repeating: 2, count: 12) + [8, 0] + Array(repeating: 0, count: 45) + [number]
        return .frame(
            CapturedPacket(
                timestamp: 1_700_000_000_000_000_000 + Int64(number), capturedBytes: bytes, originalLength: 60,
                linkType: .ethernet), due: due)
    }

    func run() throws -> TapCounts {
        try TapLoop(tap, duties, signals: SignalDescriptor(Set(Signal.allCases)), on: loop).run()
    }

    func replay(_ next: () throws -> TapLoop.Replayed) throws -> TapCounts {
        try TapLoop(tap, duties, signals: SignalDescriptor(Set(Signal.allCases)), on: loop).replay(next)
    }

    /// To this thread alone.
    func send(_ signal: Signal) { raise(signal.rawValue) }

    /// The numbers of the frames in each file.
    func files() throws -> [[UInt8]] {
        try (Files.list(directory) ?? []).sorted().map { name in
            var reader = CaptureReader()
            reader.feed(try #require(try Files.read("\(directory)/\(name)")))
            var numbers: [UInt8] = []
            while let packet = try reader.next() { numbers.append(packet.capturedBytes.last ?? 0) }
            try reader.finish()
            return numbers
        }
    }
}

private func onStage<Result: Sendable>(
    limit: UInt64? = nil, _ body: @escaping @Sendable (Stage) throws -> Result
) throws -> Result {
    try OwnThread.run { try body(try Stage(limit: limit)) }
}

@Suite struct TapLoopTests {
    @Test("Captures are copied to their end, and the numbers add up") func toTheEnd() throws {
        let (counts, files) = try onStage { stage in
            var number: UInt8 = 0
            let counts = try stage.replay {
                number += 1
                return number > 200 ? .end : number % 3 == 0 ? .nothing : stage.frame(number)
            }
            return (counts, try stage.files())
        }
        let expected = (1...200).filter { $0 % 3 != 0 }.map { UInt8($0) }
        #expect(files == [expected])
        #expect(counts.imbalance == nil && counts.outputs.map(\.total.sent) == [UInt64(expected.count)])
        #expect(counts.sources.map(\.received) == [UInt64(expected.count)])
    }

    @Test("It ends after as many frames as were wanted") func limit() throws {
        let (counts, files) = try onStage(limit: 3) { stage in
            var number: UInt8 = 0
            let counts = try stage.replay {
                number += 1
                return stage.frame(number)
            }
            return (counts, try stage.files())
        }
        #expect(files == [[1, 2, 3]])
        #expect(counts.imbalance == nil && counts.copied == 3)
    }

    @Test(
        "A signal to end ends it; what came before is complete",
        arguments: [Signal.interrupt, .terminate, .quit, .hangUp])
    func ending(signal: Signal) throws {
        let (counts, files) = try onStage { stage in
            var number: UInt8 = 0
            let counts = try stage.replay {
                number += 1
                guard number == 3 else { return stage.frame(number) }
                stage.send(signal)
                // Signals are looked at where there is nothing to copy.
                return .nothing
            }
            return (counts, try stage.files())
        }
        #expect(files == [[1, 2]])
        #expect(counts.imbalance == nil)
    }

    @Test("So it does while it waits, for frames or for a frame's time", arguments: [true, false])
    func endingWhileWaiting(isReplay: Bool) throws {
        let counts = try onStage { stage in
            stage.send(.terminate)
            guard isReplay else { return try stage.run() }
            // Due in an hour.
            return try stage.replay { stage.frame(1, due: ThisProcess.monotonicNanoseconds() + 3_600_000_000_000) }
        }
        #expect(counts.copied == 0)
    }

    @Test("Frames that come without a pause don't keep signals from being seen") func busy() throws {
        let copied = try onStage { stage in
            stage.send(.terminate)
            return try stage.replay { stage.frame(1) }.copied
        }
        #expect(copied == 1024)
    }

    @Test("SIGUSR1 asks for the numbers, SIGHUP begins a new file where that is wanted, and others mean nothing")
    func otherSignals() throws {
        let (events, files) = try onStage { stage in
            stage.duties.rotatesOnHangUp = true
            stage.duties.tellStatus = { [unowned stage] in stage.events.append("copied \($0.copied)") }
            var number: UInt8 = 0
            _ = try stage.replay {
                number += 1
                switch number {
                case 2: stage.send(.user1)
                case 4: stage.send(.hangUp)
                case 6: stage.send(.user2)
                case 8: stage.send(.childEnded)
                case 10: return .end
                default: return stage.frame(number)
                }
                return .nothing
            }
            return (stage.events, try stage.files())
        }
        #expect(events == ["copied 1"])
        #expect(files == [[1, 3], [5, 7, 9]])
    }

    @Test("After its time it ends, though nothing comes", arguments: [true, false]) func duration(isReplay: Bool) throws
    {
        let elapsed = try onStage { stage in
            stage.duties.duration = .milliseconds(60)
            let bell = try Bell()
            _ = try isReplay ? stage.replay { .later(bell.number) } : stage.run()
            return stage.elapsed
        }
        #expect(elapsed >= 60_000_000)
    }

    @Test("At a point in time that is over already, it ends at once") func pastEnd() throws {
        let counts = try onStage { stage in
            stage.duties.end = { 1_700_000_000 }
            return try stage.run()
        }
        #expect(counts.imbalance == nil)
    }

    @Test("An end that is moved while it runs counts as it is by then") func movedEnd() throws {
        let events = try onStage { stage in
            stage.duties.end = { [unowned stage] in stage.events.count < 2 ? nil : 1_700_000_000 }
            stage.duties.statusInterval = .milliseconds(5)
            stage.duties.tellStatus = { [unowned stage] _ in stage.events.append("status") }
            _ = try stage.run()
            return stage.events
        }
        #expect(events.count >= 2)
    }

    @Test("A time that no clock reaches is never") func endless() throws {
        let events = try onStage { stage in
            stage.duties.duration = .seconds(Int64.max)
            stage.duties.statusInterval = .seconds(Int64.max)
            stage.duties.end = { .max }
            stage.duties.tellStatus = { [unowned stage] _ in stage.events.append("status") }
            var number = 0
            _ = try stage.replay {
                number += 1
                return number == 3 ? .end : .nothing
            }
            return stage.events
        }
        #expect(events == [])
    }

    @Test("Numbers are told at intervals, and each second to who looks on") func intervals() throws {
        let (events, elapsed) = try onStage { stage in
            stage.duties.statusInterval = .milliseconds(100)
            stage.duties.tellStatus = { [unowned stage] _ in stage.events.append("status") }
            stage.duties.showProgress = { [unowned stage] _ in
                stage.events.append("progress")
                stage.send(.terminate)
            }
            _ = try stage.run()
            return (stage.events, stage.elapsed)
        }
        #expect(elapsed >= 1_000_000_000)
        #expect(events.count { $0 == "progress" } == 1)
        let statuses = events.count { $0 == "status" }
        // A machine that stands still may miss some, and none is told twice.
        #expect(statuses >= 2 && statuses <= Int(elapsed / 100_000_000) + 1)
    }

    @Test("What else is on the loop goes on, as for who asks for the numbers") func others() throws {
        let events = try onStage { stage in
            let bell = try Bell()
            bell.ring()
            let watch = try stage.loop.watch(bell.number) { [unowned stage] _ in
                bell.silence()
                stage.events.append("asked: \(stage.tap.counts().copied)")
                if stage.events.count == 2 { stage.send(.terminate) } else { bell.ring() }
            }
            _ = try stage.run()
            watch.cancel()
            return stage.events
        }
        #expect(events == ["asked: 0", "asked: 0"])
    }

    @Test("What is wanted is looked at in the beginning, at news of it, and when it couldn't be told") func definition()
        throws
    {
        let events = try onStage { stage in
            let bell = try Bell()
            stage.duties.definition = (
                bell.number,
                { [unowned stage] in
                    bell.silence()
                    stage.events.append("look")
                    switch stage.events.count {
                    case 1: return .isOpen(until: ThisProcess.monotonicNanoseconds() + 10_000_000)
                    case 2:
                        bell.ring()
                        return .lasts
                    default: return .isOver
                    }
                }
            )
            _ = try stage.run()
            return stage.events
        }
        #expect(events.count == 3)
    }

    @Test("A definition that lasts is looked at no more until there is news of it") func lastingDefinition() throws {
        let events = try onStage { stage in
            let bell = try Bell()
            stage.duties.duration = .milliseconds(50)
            stage.duties.definition = (
                bell.number,
                { [unowned stage] in
                    stage.events.append("look")
                    return .lasts
                }
            )
            _ = try stage.run()
            return stage.events
        }
        #expect(events == ["look"])
    }

    @Test("Where captures keep it waiting, it goes on once they can be read, and forgets where it waited") func later()
        throws
    {
        let files = try onStage { stage in
            let bells = [try Bell(), try Bell()]
            var number: UInt8 = 0
            _ = try stage.replay {
                number += 1
                switch number {
                case 1:
                    bells[0].ring()
                    return .later(bells[0].number)
                case 3:
                    // The first one rings on.
                    bells[1].ring()
                    return .later(bells[1].number)
                case 5: return .end
                default: return stage.frame(number)
                }
            }
            return try stage.files()
        }
        #expect(files == [[2, 4]])
    }

    @Test("A frame whose time hasn't come is waited for") func paced() throws {
        let (waited, files) = try onStage { stage in
            let due = ThisProcess.monotonicNanoseconds() + 50_000_000
            var number: UInt8 = 0
            var waited = false
            _ = try stage.replay {
                number += 1
                if number == 1 { return stage.frame(1, due: due) }
                waited = ThisProcess.monotonicNanoseconds() >= due
                return .end
            }
            return (waited, try stage.files())
        }
        #expect(waited && files == [[1]])
    }

    @Test("A capture that can't be read ends it with that error; what came before is whole") func failure() throws {
        struct Broken: Error {}
        let (isBroken, files, counts) = try onStage { stage in
            var number: UInt8 = 0
            var isBroken = false
            do {
                _ = try stage.replay {
                    number += 1
                    guard number < 4 else { throw Broken() }
                    return stage.frame(number)
                }
            } catch is Broken {
                isBroken = true
            }
            // As its caller does.
            stage.tap.stop()
            stage.tap.copy()
            stage.tap.finish()
            return (isBroken, try stage.files(), stage.tap.counts())
        }
        #expect(isBroken && files == [[1, 2, 3]] && counts.imbalance == nil)
    }
}
