internal import Glibc

/// Where relative paths begin.
public enum WorkingDirectory {
    /// The path as one that begins with a slash; as it is if the working directory has none.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let name = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(name) }
        return unsafe path == "." ? String(cString: name) : "\(String(cString: name))/\(path)"
    }
}
