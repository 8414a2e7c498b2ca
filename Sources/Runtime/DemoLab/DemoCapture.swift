/// The capture that ships with the project as examples/ping.pcap: alice pings bob three times, seen at vnet0.
/// A test holds the two against each other.
public enum DemoCapture {
    /// A pcap file.
    public static var bytes: [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for letter in base64.utf8 {
            guard let value = alphabet.firstIndex(of: letter) else { continue }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private static let base64 =
        """
        1MOyoQIABAAAAAAAAAAAAAAABAABAAAAeEkEa5IlDQAqAAAAKgAAAP///////8bH1aU23wgGAAEIAAYEAAHGx9WlNt8KTQABAAAA\
        AAAACk0AAnhJBGuzJQ0AKgAAACoAAADGx9WlNt/i13EoEEQIBgABCAAGBAAC4tdxKBBECk0AAsbH1aU23wpNAAF4SQRruSUNAGIA\
        AABiAAAA4tdxKBBExsfVpTbfCABFAABUMyRAAEAB8ugKTQABCk0AAggA2892gwABeEkEawAAAABdJA0AAAAAABAREhMUFRYXGBka\
        GxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njd4SQRrGCgNAGIAAABiAAAAxsfVpTbf4tdxKBBECABFAABUblwAAEAB97AKTQAC\
        Ck0AAQAA4892gwABeEkEawAAAABdJA0AAAAAABAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njd5SQRrDfEA\
        AGIAAABiAAAA4tdxKBBExsfVpTbfCABFAABUM0RAAEAB8sgKTQABCk0AAggAXQJ2gwACeUkEawAAAADn8AAAAAAAABAREhMUFRYX\
        GBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njd5SQRrPPEAAGIAAABiAAAAxsfVpTbf4tdxKBBECABFAABUbncAAEAB95UK\
        TQACCk0AAQAAZQJ2gwACeUkEawAAAADn8AAAAAAAABAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njd5SQRr\
        LQIEAGIAAABiAAAA4tdxKBBExsfVpTbfCABFAABUM1RAAEAB8rgKTQABCk0AAggAPPB2gwADeUkEawAAAAAEAgQAAAAAABAREhMU\
        FRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njd5SQRrWgIEAGIAAABiAAAAxsfVpTbf4tdxKBBECABFAABUbnoAAEAB\
        95IKTQACCk0AAQAARPB2gwADeUkEawAAAAAEAgQAAAAAABAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc=
        """
}
