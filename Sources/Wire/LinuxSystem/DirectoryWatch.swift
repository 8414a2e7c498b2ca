internal import CLinux
internal import Glibc

/// News of directories (inotify(7)): something in them was made, changed, renamed or removed.
public final class DirectoryWatch {
    private let descriptor: Descriptor
    private let paths: [String]

    /// Watches directories. Those that don't exist, or are replaced, are watched from the next news on: that they come is
    /// news of the directory above them.
    public init(_ paths: [String]) throws(SystemError) {
        self.paths = paths
        descriptor = Descriptor(owning: try check(clinux_watch_new(), "watch", paths.joined(separator: ", ")))
        try watch()
    }

    private func watch() throws(SystemError) {
        for path in paths {
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex, !paths.contains(String(path[..<slash])) {
                try watch(String(path[..<slash]), isParent: true)
            }
            try watch(path, isParent: false)
        }
    }

    private func watch(_ path: String, isParent: Bool) throws(SystemError) {
        let code = unsafe clinux_watch_add(descriptor.number, path, isParent ? 1 : 0)
        // What isn't there, isn't a directory or mustn't be read is passed over.
        guard code != -ENOENT, code != -ENOTDIR, code != -EACCES else { return }
        _ = try check(code, "watch", path)
    }

    /// To wait on: readable when there is news.
    public var number: Int32 { descriptor.number }

    /// Takes note of the news.
    public func drain() {
        _ = clinux_watch_drain(descriptor.number)
        try? watch()
    }
}
