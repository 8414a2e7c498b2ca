internal import LinuxSystem
internal import MirrorConfig
public import MirrorModel

/// Definitions that have gone while the engine that may run them didn't answer: a file each, `NAME.removed`, beside the
/// definitions that stay, until it is certain that nothing of them runs.
///
/// They survive a restart, as rows of Open vSwitch's database do. A mirror of the same name may be defined meanwhile.
public struct RemovalStore: Sendable {
    private let files: NamedFiles

    /// - Parameter directory: of the definitions that stay.
    public init(directory: String) {
        files = NamedFiles(directory: directory, suffix: ".removed", limit: maximumConfigSize, isLasting: true)
    }

    /// All of them, by name. Of one whose file can't be read the name is left: it is its file's.
    public func load() throws -> [Mirror] {
        try files.names().compactMap { file in
            guard let name = try? MirrorName(file) else { return nil }
            let bytes = (try? files.read(file)) ?? nil
            let text = bytes.flatMap { String(validating: $0, as: UTF8.self) } ?? ""
            let parsed = try? parseConfig(text, file: file, now: Timestamp(secondsSince1970: 0))
            return parsed?.map(\.mirror).first { $0.name == name } ?? Mirror(name: name, sources: [], outputs: [])
        }
    }

    /// Keeps a definition until ``drop(_:)``, on the disk.
    /// - Returns: how to put back what was there.
    func save(_ mirror: Mirror) throws -> FileChange {
        let change = try files.write([UInt8](renderConfig([mirror]).utf8), of: mirror.name.description)
        try Files.syncFileSystem(of: files.directory)
        return change
    }

    /// Nothing of the mirror runs any more.
    func drop(_ name: MirrorName) throws { try files.drop(name.description) }

    /// Removes what a run that was killed while it wrote left. For who holds the lock.
    func removeUnfinished() throws { try files.removeUnfinished() }
}
