using System.Globalization;
using System.Text;
using Portal.Model.Compute;
using Portal.Model.Networking;
using YamlDotNet.Serialization;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// What cloud-init finds at its first boot: a small ISO 9660 disk. The customer's user data goes in untouched; Portal's own wishes are
/// in the meta-data and the vendor-data. https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
/// </summary>
internal static class CloudInitSeed
{
    private static readonly ISerializer Yaml = new SerializerBuilder().WithQuotingNecessaryStrings(quoteYaml1_1Strings: true).Build();

    /// <summary>Nobody can read it until it is given to its guest: user data holds passwords and tokens of customers.</summary>
    public static async Task WriteAsync(InstanceSpec spec, string file, CancellationToken ct)
    {
        if (File.Exists(file))
        {
            return;
        }

        var folder = Directory.CreateTempSubdirectory("portal-seed-");
        try
        {
            foreach (var (name, content) in Files(spec))
            {
                await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), content, ct);
            }

            var made = $"{file}.{Guid.NewGuid():N}";
            await new FileStream(
                made,
                new FileStreamOptions
                {
                    Mode = FileMode.CreateNew,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            ).DisposeAsync();
            await Command.RunAsync("genisoimage", ["-quiet", "-volid", "cidata", "-joliet", "-rock", "-output", made, folder.FullName], ct);
            File.Move(made, file, overwrite: true);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static IReadOnlyList<(string Name, byte[] Content)> Files(InstanceSpec spec) =>
        [
            ("meta-data", Bytes(Yaml.Serialize(MetaData(spec)))),
            ("user-data", string.IsNullOrWhiteSpace(spec.UserData) ? Bytes("#cloud-config\n{}\n") : UserData.Sent(spec.UserData)),
            (
                "vendor-data",
                Bytes(
                    "#cloud-config\n"
                        + Yaml.Serialize(
                            new Dictionary<string, object>(StringComparer.Ordinal)
                            {
                                ["disable_root"] = spec.SshUser is not "root",
                                ["ssh_pwauth"] = false,
                            }
                        )
                )
            ),
            ("network-config", Bytes(Yaml.Serialize(NetworkConfig(spec)))),
        ];

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static Dictionary<string, object> MetaData(InstanceSpec spec)
    {
        var data = new Dictionary<string, object>(StringComparer.Ordinal) { ["instance-id"] = spec.Id, ["local-hostname"] = spec.HostName };
        if (!string.IsNullOrWhiteSpace(spec.PublicKey))
        {
            data["public-keys"] = new[] { spec.PublicKey.Trim() };
        }

        return data;
    }

    private static Dictionary<string, object> NetworkConfig(InstanceSpec spec) =>
        new(StringComparer.Ordinal)
        {
            ["version"] = 2,
            ["ethernets"] = spec
                .Interfaces.Index()
                .ToDictionary(
                    networkInterface => string.Create(CultureInfo.InvariantCulture, $"id{networkInterface.Index}"),
                    networkInterface => Interface(networkInterface.Item, networkInterface.Index == 0),
                    StringComparer.Ordinal
                ),
        };

    /// <summary>
    /// The address is fixed, so nobody waits for DHCP. An interface is known by its MAC: by a pattern of names it got no address. The first
    /// interface leads to everywhere else, the others to their subnets only.
    /// </summary>
    private static Dictionary<string, object> Interface(InterfaceSpec networkInterface, bool isFirst)
    {
        var config = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["match"] = new Dictionary<string, string>(StringComparer.Ordinal) { ["macaddress"] = networkInterface.Mac },
            ["addresses"] = new[]
            {
                string.Create(CultureInfo.InvariantCulture, $"{networkInterface.Address}/{networkInterface.Subnet.PrefixLength}"),
            },
        };
        if (isFirst)
        {
            config["routes"] = new[]
            {
                new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["to"] = "0.0.0.0/0",
                    ["via"] = networkInterface.Gateway.ToString(),
                },
            };
            config["nameservers"] = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["search"] = new[] { "internal" },
                ["addresses"] = new[] { networkInterface.Gateway.ToString() },
            };
        }

        return config;
    }
}
