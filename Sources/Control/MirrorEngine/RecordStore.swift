internal import JSONCoding
public import LinuxSystem
public import MirrorModel
public import MirrorPlan

/// What was changed on outputs, as it was before: a file each in the run-time directory, until it is restored.
///
/// The name has the network namespace's identity and the port's index in it, so namespaces that share the directory
/// don't meet. The directory is on a tmpfs and goes, like the changes, with the machine's restart.
public struct RecordStore: Sendable {
    private let files: NamedFiles
    private let namespace: UInt64

    /// - Parameters:
    ///   - directory: the run-time directory, such as `/run/portmirror`.
    ///   - namespace: whose ports the records are about.
    /// - Throws: ``SystemError`` if nothing tells the namespace from others.
    public init(runDirectory directory: String, of namespace: NetworkNamespace) throws {
        files = Self.files(directory)
        self.namespace = try namespace.identity()
    }

    private static func files(_ runDirectory: String) -> NamedFiles {
        NamedFiles(directory: "\(runDirectory)/outputs", suffix: ".json", limit: 1 << 20, isLasting: false)
    }

    /// The records of this namespace, and those that can't be read: guessing would lose settings.
    public func load() throws -> (records: [OutputRecord], damaged: [DamagedRecord]) {
        let prefix = "\(namespace)-"
        var records: [OutputRecord] = []
        var damaged: [DamagedRecord] = []
        for name in try files.names() where name.hasPrefix(prefix) {
            let index = Int32(name.dropFirst(prefix.count))
            do {
                if let record = try read(name, of: index) { records.append(record) }
            } catch {
                damaged.append(DamagedRecord(path: files.path(of: name), index: index, reason: Self.words(error)))
            }
        }
        return (records, damaged)
    }

    private func read(_ name: String, of index: Int32?) throws -> OutputRecord? {
        guard let bytes = try files.read(name) else { return nil }
        let record = try JSON.decode(Stored.self, from: bytes).record
        guard record.port.index == index else { throw UserError("it is another port's") }
        return record
    }

    /// The files of other namespaces' records, by the names that the outputs have there.
    public func elsewhere() throws -> [PortName: String] {
        var paths: [PortName: String] = [:]
        for name in try files.names() where !name.hasPrefix("\(namespace)-") {
            guard let bytes = try? files.read(name),
                let record = try? JSON.decode(Stored.self, from: bytes).record
            else { continue }
            paths[record.port.name] = files.path(of: name)
        }
        return paths
    }

    private static func words(_ error: any Error) -> String {
        switch error {
        case let error as SystemError: "\(error.errno)"
        case is DecodingError: "it isn't what this program writes there"
        default: "\(error)"
        }
    }

    /// The record of a port; nil if it has none, or one that can't be read. Other ports' aren't looked at.
    public func load(_ port: ResolvedPort) -> OutputRecord? {
        (try? read(name(of: port), of: port.index)) ?? nil
    }

    /// Keeps a record, replacing the port's earlier one.
    public func save(_ record: OutputRecord) throws {
        try files.put(try JSON.encode(Stored(record), .indented), of: name(of: record.port))
    }

    /// Drops a port's record.
    public func remove(_ port: ResolvedPort) throws { try files.drop(name(of: port)) }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    static func removeUnfinished(runDirectory: String) throws {
        try files(runDirectory).removeUnfinished()
    }

    private func name(of port: ResolvedPort) -> String { "\(namespace)-\(port.index)" }

    /// The file's form.
    private struct Stored: Codable {
        var port: String
        var index: Int32
        var address: String?
        var offloads: [String]
        var bridge: Int32?
        var bridgePort: Settings?

        struct Settings: Codable {
            var state: UInt8
            var learning: Bool
            var unicastFlood: Bool
            var multicastFlood: Bool
            var broadcastFlood: Bool
            var locked: Bool?
        }

        init(_ record: OutputRecord) {
            port = record.port.name.description
            index = record.port.index
            address = record.address?.description
            offloads = record.offloads.sorted()
            bridge = record.bridge
            bridgePort = record.bridgePort.map {
                Settings(
                    state: $0.state, learning: $0.learning, unicastFlood: $0.unicastFlood,
                    multicastFlood: $0.multicastFlood, broadcastFlood: $0.broadcastFlood, locked: $0.locked)
            }
        }

        private static func readAddress(_ text: String) -> MACAddress? {
            MACAddress(text.split(separator: ":").compactMap { UInt8($0, radix: 16) })
        }

        var record: OutputRecord {
            get throws {
                OutputRecord(
                    port: ResolvedPort(name: try PortName(port), index: index),
                    address: address.flatMap(Self.readAddress), offloads: Set(offloads),
                    bridgePort: bridgePort.map {
                        BridgePortSettings(
                            state: $0.state, learning: $0.learning, unicastFlood: $0.unicastFlood,
                            multicastFlood: $0.multicastFlood, broadcastFlood: $0.broadcastFlood, locked: $0.locked)
                    }, bridge: bridge)
            }
        }
    }
}
