internal import Glibc

/// Addresses of the Internet protocols, as people and databases write them.
public enum InternetAddress {
    /// The 4 or 16 bytes of an address in network order; nil if the text is none (inet_pton(3)).
    public static func bytes(_ text: String) -> [UInt8]? {
        for (family, length) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: length)
            if unsafe inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
