public import MirrorModel
public import MirrorPlan
internal import PacketSocket

extension TapReport {
    /// What a tap has done, as the process that runs a mirror reports it.
    public init(_ counts: TapCounts, of mirror: Mirror, process: Int32, since: Timestamp) {
        self.init(process: process, since: since, definition: mirror.fingerprint)
        sources = counts.sources.map {
            Watched(
                port: $0.port, received: $0.received, lost: $0.lost, superFrames: $0.finished.superFrames,
                segments: $0.finished.segments)
        }
        ways = zip(mirror.outputPorts, counts.outputs).map { Way(port: $0, queueReason: $1.queueReason) }
        let watched = Set(mirror.sources.map(\.port))
        for (output, sink) in zip(mirror.outputPorts.map(Output.port) + mirror.fileOutputs, counts.outputs) {
            for (point, count) in sink.copies.sorted(by: { $0.key < $1.key }) {
                // A direction that isn't watched has nothing.
                guard count.sent + count.failed > 0 || watched.contains(point.port) && mirror.watches(point) else {
                    continue
                }
                copies.append(
                    Copies(
                        point: point, output: output, delivered: count.sent, deliveredBytes: count.sentBytes,
                        failed: count.failures, failedBytes: count.failedBytes))
            }
            guard let now = sink.files, let directory = try? DirectoryPath(now.directory) else { continue }
            files.append(
                Files(
                    directory: directory, current: now.current, finished: now.finished, removed: now.removed,
                    bytes: now.bytes))
            if now.isFailing { problems.append("files can't be written to \(directory)") }
        }
    }
}

extension SendCounts {
    fileprivate var failures: [TapReport.Failure: UInt64] {
        let all: [(TapReport.Failure, UInt64)] = [
            (.tooBig, tooBig), (.outputDown, down), (.noBuffer, noBuffer), (.diskFull, noSpace), (.other, refused),
        ]
        return Dictionary(uniqueKeysWithValues: all.filter { $0.1 > 0 })
    }
}

extension Mirror {
    fileprivate var fileOutputs: [Output] { outputs.filter { $0.files != nil } }

    fileprivate func watches(_ point: Point) -> Bool {
        sources.contains { source in
            if case .port(let port, let direction) = source {
                port == point.port && direction.hooks.contains(point.hook)
            } else {
                false
            }
        }
    }
}
