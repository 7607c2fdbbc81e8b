using System.Diagnostics;
using Portal.Model.Buckets;

namespace Portal.Tests.Buckets;

/// <summary>Debian's <c>aws</c>, with one key and a home of its own.</summary>
public sealed class AwsCommand(string endpoint, StoreKey key) : IDisposable
{
    /// <summary>The distribution's, whatever else is on the path.</summary>
    private const string Program = "/usr/bin/aws";

    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("portal-test-aws-");

    public StoreKey Key => key;

    /// <summary>What it printed.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, errors) = await StartAsync(arguments);
        Assert.True(code == 0, $"aws {string.Join(' ', arguments)} ended with {code}: {errors}");
        return output;
    }

    /// <summary>The error with which it failed.</summary>
    public async Task<string> FailAsync(params string[] arguments)
    {
        var (code, output, errors) = await StartAsync(arguments);
        Assert.True(code != 0, $"aws {string.Join(' ', arguments)} was to fail, and said: {output}");
        return errors;
    }

    public void Dispose() => home.Delete(recursive: true);

    private async Task<(int Code, string Output, string Errors)> StartAsync(string[] arguments)
    {
        var start = new ProcessStartInfo(Program, ["--endpoint-url", endpoint, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        (start.Environment["HOME"], start.Environment["AWS_EC2_METADATA_DISABLED"], start.Environment["AWS_DEFAULT_REGION"]) = (
            home.FullName,
            "true",
            "us-east-1"
        );
        (start.Environment["AWS_ACCESS_KEY_ID"], start.Environment["AWS_SECRET_ACCESS_KEY"]) = (key.AccessKeyId, key.Secret);
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await errors);
    }
}
