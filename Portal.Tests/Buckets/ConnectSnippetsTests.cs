using System.Diagnostics;
using System.Reflection;
using Amazon.S3;
using Portal.Buckets;
using Portal.Tests.Shared;

namespace Portal.Tests.Buckets;

/// <summary>
/// What a bucket's page gives to paste does, pasted, what it says: only the words in capitals are replaced, as a person would.
/// </summary>
[Trait("Needs", "engine")]
public sealed class ConnectSnippetsTests(TestPostgres postgres, TestCeph ceph) : BucketTests(postgres, ceph)
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-paste-");
    private OpenBucket bucket = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        bucket = await Scene.OpenAsync(await Scene.AddBucketAsync());
        await File.WriteAllTextAsync(Path.Combine(home.FullName, "note.txt"), "pasted", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(Directory.CreateDirectory(Path.Combine(home.FullName, "trip")).FullName, "a b.txt"),
            "pasted",
            Ct
        );
    }

    public override async ValueTask DisposeAsync()
    {
        bucket.Dispose();
        home.Delete(recursive: true);
        await base.DisposeAsync();
    }

    [Fact]
    public async Task For_the_aws_command()
    {
        await RunAsync(
            "bash",
            "-ec",
            Filled(ConnectSnippets.AwsProfile(bucket.Store)).Replace("aws ", "/usr/bin/aws ", StringComparison.Ordinal)
        );
        var said = await RunAsync(
            "bash",
            "-ec",
            Filled(ConnectSnippets.AwsCommands(bucket)).Replace("aws ", "/usr/bin/aws ", StringComparison.Ordinal)
        );
        Assert.Contains("upload: ", said, StringComparison.Ordinal);
        Assert.Equal(["note.txt", "trip/a b.txt"], await KeysAsync());
        await RunAsync(
            "bash",
            "-ec",
            "cd trip && " + ConnectSnippets.Copy(bucket, "note.txt").Replace("aws ", "/usr/bin/aws ", StringComparison.Ordinal)
        );
        Assert.Equal("pasted", await File.ReadAllTextAsync(Path.Combine(home.FullName, "trip", "note.txt"), Ct));
    }

    [Fact]
    public async Task For_boto3()
    {
        await RunAsync("python3", "-c", Filled(ConnectSnippets.Boto3(bucket)));
        Assert.Equal(["note.txt"], await KeysAsync());
    }

    [Fact]
    public async Task For_rclone()
    {
        var snippet = Filled(ConnectSnippets.Rclone(bucket));
        var folder = Directory.CreateDirectory(Path.Combine(home.FullName, ".config", "rclone"));
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "rclone.conf"), snippet, Ct);
        await RunAsync("bash", "-ec", snippet.Split('\n').Single(line => line.StartsWith("# ", StringComparison.Ordinal))[2..]);
        Assert.Equal(["trip/a b.txt"], await KeysAsync());
    }

    [Fact]
    public async Task For_the_SDK_of_dotnet()
    {
        var version = typeof(AmazonS3Client).Assembly.GetCustomAttribute<AssemblyFileVersionAttribute>()!.Version;
        var program = Path.Combine(home.FullName, "paste.cs");
        await File.WriteAllTextAsync(
            program,
            $"#:package AWSSDK.S3@{version}\n#:property PublishAot=false\n{Filled(ConnectSnippets.DotNet(bucket))}",
            Ct
        );
        await RunAsync("dotnet", "run", program);
        Assert.Equal(["note.txt"], await KeysAsync());
    }

    private string Filled(string snippet) =>
        snippet
            .Replace("YOUR-ACCESS-KEY", Scene.Key.AccessKeyId, StringComparison.Ordinal)
            .Replace("YOUR-SECRET", Scene.Key.Secret, StringComparison.Ordinal)
            .Replace("FILE", "note.txt", StringComparison.Ordinal)
            .Replace("FOLDER", "trip", StringComparison.Ordinal);

    private async Task<List<string>> KeysAsync() =>
        [.. ((await Scene.S3.ListObjectsV2Async(new() { BucketName = bucket.Name }, Ct)).S3Objects ?? []).Select(found => found.Key)];

    private async Task<string> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = home.FullName,
        };
        start.Environment["NUGET_PACKAGES"] =
            Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        start.Environment["HOME"] = home.FullName;
        start.Environment["AWS_EC2_METADATA_DISABLED"] = "true";
        start.Environment.Remove("AWS_CA_BUNDLE");
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(Ct), process.StandardError.ReadToEndAsync(Ct));
        await process.WaitForExitAsync(Ct);
        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await errors} {await output}");
    }
}
