# Install what is missing, then start s2s-live with the given arguments:
#   powershell -ExecutionPolicy Bypass -File packaging\run.ps1 [arguments]
. (Join-Path $PSScriptRoot 'setup.ps1')
Initialize-S2SLive
& (Join-Path $Root '.venv\Scripts\s2s-live.cmd') @args
exit $LASTEXITCODE
